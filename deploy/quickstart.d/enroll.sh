# shellcheck shell=bash disable=SC2034
# Enrolling the demo's certificate, renewing it and showing both, for deploy/quickstart.

leaf_is_good() {
	[ -s "$DIR/leaf.pem" ] && [ -s "$DIR/leaf.key" ] &&
		openssl x509 -in "$DIR/leaf.pem" -noout -checkend 0 >/dev/null 2>&1 &&
		openssl verify -CAfile "$DIR/ca.pem" "$DIR/leaf.pem" >/dev/null 2>&1
}

enroll() {
	if leaf_is_good; then
		say "$DIR/leaf.pem is there and valid; remove it to have another one enrolled"
		return 0
	fi
	step "enrolling a certificate: POST $(url)/api/csr"
	new_request leaf /CN=demo-device -addext 'subjectAltName=DNS:demo-device.example.com'
	post_csr
	openssl x509 -inform DER -in "$DIR/leaf.der" -out "$DIR/leaf.pem"
	rm "$DIR/leaf.der"
	logged verify openssl verify -CAfile "$DIR/ca.pem" "$DIR/leaf.pem"
}

new_request() { # NAME SUBJECT WORD...: a key and a request for it
	local name=$1 subject=$2
	shift 2
	logged csr openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-subj "$subject" "$@" -keyout "$DIR/$name.key" -out "$DIR/$name.csr"
}

renewed_is_good() {
	[ "$DIR/renewed.pem" -nt "$DIR/leaf.pem" ] && [ -s "$DIR/renewed.key" ] &&
		openssl verify -CAfile "$DIR/ca.pem" "$DIR/renewed.pem" >/dev/null 2>&1
}

# By EST with the old certificate: the request's subject does not matter, only its key.
renew() {
	! renewed_is_good || return 0
	step "renewing it over mTLS: POST $(url)/.well-known/est/simplereenroll"
	new_request renewed '/CN=whoever'
	logged renew curl -sS --fail-with-body --max-time 40 --noproxy '*' \
		--cacert "$DIR/tls-ca.pem" --cert "$DIR/leaf.pem" --key "$DIR/leaf.key" \
		-H 'Content-Type: application/pkcs10' --data-binary "@$DIR/renewed.csr" \
		-o "$DIR/renewed.p7" "$(url)/.well-known/est/simplereenroll"
	logged renewed openssl_renewed
	rm "$DIR/renewed.p7"
	logged verify openssl verify -CAfile "$DIR/ca.pem" "$DIR/renewed.pem"
}

# EST answers in base64 without armour.
openssl_renewed() {
	base64 -d "$DIR/renewed.p7" |
		openssl pkcs7 -inform DER -print_certs -out "$DIR/renewed.new" &&
		openssl x509 -in "$DIR/renewed.new" -out "$DIR/renewed.pem" && rm "$DIR/renewed.new"
}

# The token goes to curl in a file that only we can read, never on the command line.
post_csr() {
	local status
	LAST_LOG=$DIR/log/enroll.log
	"$PYTHON" "$DOUBLE" token --dir "$DIR/double" --expires 300 >"$DIR/token" 2>"$LAST_LOG"
	printf 'Authorization: Bearer %s\n' "$(cat "$DIR/token")" >"$DIR/header"
	rm "$DIR/token"
	status=$(curl -sS --max-time 40 --noproxy '*' --cacert "$DIR/tls-ca.pem" -H "@$DIR/header" \
		-H 'Content-Type: application/pkcs10' --data-binary "@$DIR/leaf.csr" \
		-o "$DIR/leaf.der" -w '%{http_code}' "$(url)/api/csr" 2>>"$LAST_LOG") || status=none
	rm "$DIR/header"
	[ "$status" = 200 ] && LAST_LOG='' && return 0
	[ ! -s "$DIR/leaf.der" ] || cat "$DIR/leaf.der" >>"$LAST_LOG"
	rm -f "$DIR/leaf.der"
	tail -n 5 "$DIR/log/certwright.log" >>"$LAST_LOG" 2>/dev/null || :
	die "/api/csr answered with status $status"
}

show_row() {
	local print
	print=$(openssl x509 -in "$DIR/leaf.pem" -noout -fingerprint -sha256)
	print=${print#*=}
	mariadb --no-defaults --socket="$STATE_RUN/db.sock" -uroot --vertical certwright <<-SQL
	SELECT LOWER(HEX(id)) AS id, HEX(serial) AS serial, type, source, subject, sans, not_before,
		not_after, key_type, key_bits, requester_kind, LOWER(HEX(requester_object)) AS requester_object,
		remote_address, status, issued_at, LENGTH(der) AS der_bytes
	FROM certificate WHERE fingerprint = UNHEX('${print//:/}');
	SQL
}

show_result() {
	step "the certificate, $DIR/leaf.pem"
	openssl x509 -in "$DIR/leaf.pem" -noout -text -certopt no_pubkey,no_sigdump
	openssl verify -CAfile "$DIR/ca.pem" "$DIR/leaf.pem"
	step "its row in the database"
	show_row
	step "the renewed one, $DIR/renewed.pem"
	openssl x509 -in "$DIR/renewed.pem" -noout -serial -subject -ext subjectAltName,extendedKeyUsage
	step "what to try next"
	cat <<-NEXT
	  deploy/quickstart status --dir $DIR
	  eval "\$(deploy/quickstart env --dir $DIR)"
	  openssl req -new -newkey rsa:2048 -nodes -keyout $DIR/my.key -subj /CN=my-device -out $DIR/my.csr
	  curl --cacert "\$CERTWRIGHT_TLS_CA" --data-binary @$DIR/my.csr -o $DIR/my.der \\
	    -H "Authorization: Bearer \$(deploy/quickstart token --dir $DIR)" "\$CERTWRIGHT_URL/api/csr"
	  curl --cacert "\$CERTWRIGHT_TLS_CA" "\$CERTWRIGHT_URL/api/v1/scepProfiles/caCertificates?intuneEnabled=true" \\
	    -H "Authorization: Bearer \$(deploy/quickstart token --dir $DIR --role Admin.Full)"
	  deploy/examples/certwright-renew --help
	  openssl ocsp -url "\$CERTWRIGHT_HTTP_URL/ocsp" -issuer $DIR/ca.pem -CAfile $DIR/ca.pem -cert $DIR/leaf.pem
	  curl -sS "\$CERTWRIGHT_HTTP_URL/crl/demo-1.crl.pem" | openssl crl -noout -text
	  curl "\$CERTWRIGHT_HTTP_URL/probe"
	  mariadb --no-defaults --socket="\$CERTWRIGHT_DB_SOCKET" -uroot certwright
	  tail $DIR/log/certwright.log
	  deploy/quickstart down --dir $DIR
	Up on $(url) and $(http_url).
	NEXT
}
