# shellcheck shell=bash disable=SC2034
# Enrolling the demo's certificate and showing it, for deploy/quickstart.

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
	logged csr openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-subj '/CN=demo-device' -addext 'subjectAltName=DNS:demo-device.example.com' \
		-keyout "$DIR/leaf.key" -out "$DIR/leaf.csr"
	post_csr
	openssl x509 -inform DER -in "$DIR/leaf.der" -out "$DIR/leaf.pem"
	rm "$DIR/leaf.der"
	logged verify openssl verify -CAfile "$DIR/ca.pem" "$DIR/leaf.pem"
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
	step "what to try next"
	cat <<-NEXT
	  deploy/quickstart status --dir $DIR
	  eval "\$(deploy/quickstart env --dir $DIR)"
	  openssl req -new -newkey rsa:2048 -nodes -keyout my.key -subj /CN=my-device -out my.csr
	  curl --cacert "\$CERTWRIGHT_TLS_CA" --data-binary @my.csr -o my.der \\
	    -H "Authorization: Bearer \$(deploy/quickstart token --dir $DIR)" "\$CERTWRIGHT_URL/api/csr"
	  curl "\$CERTWRIGHT_HTTP_URL/probe"
	  mariadb --no-defaults --socket="\$CERTWRIGHT_DB_SOCKET" -uroot certwright
	  tail $DIR/log/certwright.log
	  deploy/quickstart down --dir $DIR
	Up on $(url) and $(http_url).
	NEXT
}
