# shellcheck shell=bash disable=SC2153,SC2119,SC2120,SC2034
# The demo's folder, ports, settings and its four services, for deploy/quickstart.

# Sockets live in a folder of their own: a path may have 107 bytes at most.
make_run_folder() {
	local base=${XDG_RUNTIME_DIR:-/tmp}
	[ -z "$STATE_RUN" ] || [ ! -d "$STATE_RUN" ] || [ -L "$STATE_RUN" ] || [ ! -O "$STATE_RUN" ] ||
		return 0
	# The same name as before, where nobody else has it, keeps the settings as they are.
	[ -z "$STATE_RUN" ] || ! mkdir -m 0700 "$STATE_RUN" 2>/dev/null || return 0
	[ -d "$base" ] && [ -w "$base" ] && [ ${#base} -le 60 ] || base=/tmp
	STATE_RUN=$(mktemp -d "$base/certwright.XXXXXX")
}

# Prints the port when it can be bound on loopback; port 0 finds a free one.
try_port() {
	"$PYTHON" - "$1" 2>/dev/null <<-'PYTHON'
	import socket, sys
	s = socket.socket()
	s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
	s.bind(("127.0.0.1", int(sys.argv[1])))
	print(s.getsockname()[1])
	PYTHON
}

# choose_port NAME ASKED RECORDED USUAL: sets STATE_NAME_PORT.
choose_port() {
	local name=$1 asked=$2 recorded=$3 usual=$4 port
	if [ -n "$asked" ]; then
		port=$(try_port "$asked") || die "port $asked is taken (or not allowed)"
	elif [ -z "$recorded" ] || ! port=$(try_port "$recorded"); then
		if ! port=$(try_port "$usual"); then
			port=$(try_port 0)
			say "port $usual is taken, so $name uses $port"
		fi
	fi
	printf -v "STATE_${name}_PORT" %s "$port"
}

choose_ports() {
	if ! alive web; then
		choose_port HTTPS "$ASKED_HTTPS" "$STATE_HTTPS_PORT" 8443
		choose_port HTTP "$ASKED_HTTP" "$STATE_HTTP_PORT" 8080
		[ "$STATE_HTTPS_PORT" != "$STATE_HTTP_PORT" ] || STATE_HTTP_PORT=$(try_port 0)
	fi
	if ! alive web || [ -z "$STATE_PUBLIC_PORT" ]; then
		choose_port PUBLIC '' "$STATE_PUBLIC_PORT" 8444
		case $STATE_PUBLIC_PORT in
		"$STATE_HTTPS_PORT" | "$STATE_HTTP_PORT") STATE_PUBLIC_PORT=$(try_port 0) ;;
		esac
	fi
	if ! alive double; then
		[ -n "$STATE_DOUBLE_PORT" ] && try_port "$STATE_DOUBLE_PORT" >/dev/null ||
			STATE_DOUBLE_PORT=$(try_port 0)
	fi
}

# Puts standard input into a file when that changes it; says by its status whether it did.
replace() {
	cat >"$1.new"
	if [ -f "$1" ] && cmp -s "$1" "$1.new"; then
		rm "$1.new"
		return 1
	fi
	mv "$1.new" "$1"
}

prepare() {
	step "folder, keys and settings"
	mkdir -p "$DIR/var" "$DIR/web/tmp"
	make_run_folder
	choose_ports
	STATE_CA_KEY=${CA_KEY:-${STATE_CA_KEY:-p256}}
	logged double-init "$PYTHON" "$DOUBLE" init --dir "$DIR/double" --port "$STATE_DOUBLE_PORT"
	"$PYTHON" "$DOUBLE" ok --dir "$DIR/double"
	read_double
	save_state
	make_tls
	# What a user changes in the settings stays for as long as ours would be the same as before.
	certwright_conf >"$DIR/var/quickstart.conf"
	if ! cmp -s "$DIR/var/quickstart.conf" "$DIR/var/quickstart.conf.used" ||
		[ ! -f "$DIR/certwright.conf" ]; then
		keep_settings
		replace "$DIR/certwright.conf" <"$DIR/var/quickstart.conf" || :
		stop serve
		# Last: it says that all of this is done, whenever a run is killed.
		replace "$DIR/var/quickstart.conf.used" <"$DIR/var/quickstart.conf" || :
	fi
}

# Settings that a user has changed are put aside before ours take their place.
keep_settings() {
	if [ -f "$DIR/certwright.conf" ] &&
		! cmp -s "$DIR/certwright.conf" "$DIR/var/quickstart.conf" &&
		! cmp -s "$DIR/certwright.conf" "$DIR/var/quickstart.conf.used"; then
		mv "$DIR/certwright.conf" "$DIR/certwright.conf.old"
		say "the settings had to be written anew; yours are in $DIR/certwright.conf.old"
	fi
}

read_double() {
	local name
	for name in tenant application; do
		printf -v "STATE_${name^^}" %s "$("$PYTHON" -c \
			'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' \
			"$DIR/double/double.json" "$name")"
	done
}

# The web server's own certificate comes from a CA of its own, not from the one on show.
make_tls() {
	if [ -s "$DIR/web/server.pem" ] && openssl x509 -in "$DIR/web/server.pem" -noout \
		-checkend 86400 >/dev/null && openssl verify -CAfile "$DIR/tls-ca.pem" \
		"$DIR/web/server.pem" >/dev/null 2>&1; then
		return 0
	fi
	logged tls make_tls_steps
	stop web
}

make_tls_steps() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
		-subj '/CN=certwright demo TLS CA' -keyout "$DIR/web/tls-ca.key" -out "$DIR/tls-ca.pem" \
		-addext 'keyUsage=critical,keyCertSign,cRLSign' &&
		openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
			-subj '/CN=localhost' -keyout "$DIR/web/server.key" -out "$DIR/web/server.csr" &&
		openssl x509 -req -in "$DIR/web/server.csr" -CA "$DIR/tls-ca.pem" \
			-CAkey "$DIR/web/tls-ca.key" -CAcreateserial -days 825 -out "$DIR/web/server.pem" \
			-extfile <(printf '%s\n' 'subjectAltName=IP:127.0.0.1,DNS:localhost' \
				'basicConstraints=critical,CA:FALSE' 'extendedKeyUsage=serverAuth' \
				'keyUsage=critical,digitalSignature') &&
		cat "$DIR/tls-ca.pem" >>"$DIR/web/server.pem"
}

certwright_conf() {
	cat <<-CONF
	# Made by deploy/quickstart, which writes it anew when its folder, ports or identities change.
	[DbCSRValidation]
	Enabled = true
	AllowRenewals = true
	ReenrollmentAllowedCertificateTypes = Static
	RaProfile = default
	[AuthConfig]
	TenantId = $STATE_TENANT
	ApplicationId = $STATE_APPLICATION
	AuthorityHost = https://127.0.0.1:$STATE_DOUBLE_PORT
	CaBundle = $DIR/double/ca.pem
	[Server]
	BaseUrl = $(url)
	HttpBaseUrl = $(http_url)
	StateDir = $DIR/var
	[Database]
	Socket = $STATE_RUN/db.sock
	Name = certwright
	User = certwright
	[Keys]
	KeyringFile = $DIR/keyring
	[Log]
	Target = file:$DIR/log/certwright.log
	CONF
}

web_conf() {
	cat <<-CONF
	# Made by deploy/quickstart, which writes it anew each time.
	server.document-root = "$DIR/web"
	server.bind = "127.0.0.1"
	server.port = $STATE_HTTP_PORT
	server.errorlog = "$DIR/log/lighttpd.log"
	server.upload-dirs = ( "$DIR/web/tmp" )
	# One pool of workers is enough here.
	var.certwright_socket = "$STATE_RUN/fcgi.sock"
	var.certwright_public_socket = "$STATE_RUN/fcgi.sock"
	var.certwright_tls = "127.0.0.1:$STATE_HTTPS_PORT"
	var.certwright_public_tls = "127.0.0.1:$STATE_PUBLIC_PORT"
	var.certwright_tls_cert = "$DIR/web/server.pem"
	var.certwright_tls_key = "$DIR/web/server.key"
	var.certwright_client_cas = "$DIR/ca.pem"
	var.certwright_crl = "$DIR/var/crl"
	include "$ROOT/deploy/lighttpd/certwright.conf"
	CONF
}

start_services() {
	start_db
	start_double
	make_ca
	make_ra
	start_serve
	start_web
	wait_ready
}

sql() {
	mariadb --no-defaults --socket="$STATE_RUN/db.sock" -uroot --batch --skip-column-names "$@"
}

start_db() {
	local user
	user=$(id -un)
	if alive db; then
		say "MariaDB is up"
		return 0
	fi
	step "MariaDB, private, on $STATE_RUN/db.sock"
	if [ ! -f "$DIR/db/made" ]; then
		# --force: it need not be able to look up this host's own name.
		rm -rf "$DIR/db"
		mkdir "$DIR/db"
		logged db-install mariadb-install-db --no-defaults --user="$user" --datadir="$DIR/db/data" \
			--auth-root-authentication-method=normal --skip-test-db --skip-name-resolve \
			--force
		: >"$DIR/db/made"
	fi
	start db mariadbd --no-defaults --user="$user" --datadir="$DIR/db/data" \
		--socket="$STATE_RUN/db.sock" --pid-file="$DIR/db/mariadbd.pid" --skip-networking \
		--skip-name-resolve --character-set-server=utf8mb4 --innodb-flush-log-at-trx-commit=1 \
		--innodb-buffer-pool-size=64M --innodb-log-file-size=96M --performance-schema=OFF \
		--max-connections=100
	wait_until db 60 sql -e 'SELECT 1'
	LAST_LOG=$DIR/log/db-user.log
	# No password: its socket's folder is open to us alone, and what env prints is enough to log in.
	sql >"$LAST_LOG" 2>&1 <<-SQL
	CREATE DATABASE IF NOT EXISTS certwright CHARACTER SET utf8mb4;
	CREATE OR REPLACE USER certwright@localhost;
	GRANT ALL ON certwright.* TO certwright@localhost;
	SQL
	LAST_LOG=
}

start_double() {
	if alive double; then
		say "the identity double is up"
		return 0
	fi
	step "identity double on https://127.0.0.1:$STATE_DOUBLE_PORT"
	start double "$PYTHON" "$DOUBLE" serve --dir "$DIR/double"
	wait_until double 20 bash -c "exec 3<>/dev/tcp/127.0.0.1/$STATE_DOUBLE_PORT"
}

# Exit status 1 of ca show says that there is no such CA; any other is a fault.
have_ca() {
	local status=0
	LAST_LOG=$DIR/log/ca-show.log
	"$BIN" ca show --config "$DIR/certwright.conf" demo >"$LAST_LOG" 2>&1 || status=$?
	[ "$status" -le 1 ] || die "certwright ca show ended with status $status"
	LAST_LOG=
	return "$status"
}

make_ca() {
	step "schema and demo CA ($STATE_CA_KEY)"
	local conf=(--config "$DIR/certwright.conf")
	logged check-config "$BIN" check-config "${conf[@]}"
	logged migrate "$BIN" migrate "${conf[@]}"
	[ -e "$DIR/keyring" ] || logged keyring "$BIN" key new-secret-key "${conf[@]}"
	if ! have_ca; then
		# A key without its CA is what an interrupted run has left.
		[ ! -e "$DIR/ca.key" ] || mv "$DIR/ca.key" "$DIR/ca.key.unused"
		logged ca-init "$BIN" ca init "${conf[@]}" --name demo --key "$STATE_CA_KEY" \
			--key-file "$DIR/ca.key" --subject 'CN=Certwright Demo CA'
	fi
	LAST_LOG=$DIR/log/ca-export.log
	"$BIN" ca export "${conf[@]}" demo >"$DIR/ca.export" 2>"$LAST_LOG"
	if replace "$DIR/ca.pem" <"$DIR/ca.export"; then
		stop web
	fi
	rm -f "$DIR/ca.export"
	LAST_LOG=
}

# SCEP profiles name it; one that was revoked, retired or has ended is followed by another.
make_ra() {
	local conf=(--config "$DIR/certwright.conf") key
	LAST_LOG=$DIR/log/ra-list.log
	"$BIN" ra list "${conf[@]}" --json >"$DIR/ra.list" 2>"$LAST_LOG"
	if ! grep -q '"usableForIntune": *true' "$DIR/ra.list"; then
		step "RA certificate for SCEP"
		key=$DIR/ra-$(grep -c '"usableForIntune"' "$DIR/ra.list" || :).key
		# A key without its certificate is what an interrupted run has left.
		[ ! -e "$key" ] || mv "$key" "$key.unused"
		logged ra-create "$BIN" ra create "${conf[@]}" --authority demo --key-file "$key"
	fi
	rm -f "$DIR/ra.list"
	LAST_LOG=
}

start_serve() {
	if alive serve && [ "$BIN" -nt "$DIR/pid/serve" ]; then
		say "certwright was built anew, so it is started anew"
		stop serve
	fi
	if alive serve; then
		say "certwright is up"
		return 0
	fi
	step "certwright behind spawn-fcgi on $STATE_RUN/fcgi.sock"
	logged identity-keys "$BIN" maintain --config "$DIR/certwright.conf"
	rm -f "$STATE_RUN/fcgi.sock"
	start serve spawn-fcgi -n -M 0600 -s "$STATE_RUN/fcgi.sock" -- \
		"$BIN" serve --config "$DIR/certwright.conf"
	wait_until serve 10 test -S "$STATE_RUN/fcgi.sock"
}

start_web() {
	if web_conf | replace "$DIR/web/lighttpd.conf"; then
		stop web
	fi
	if alive web; then
		say "lighttpd is up"
		return 0
	fi
	step "lighttpd on $(url), $(public_url) and $(http_url)"
	logged web-check lighttpd -tt -f "$DIR/web/lighttpd.conf"
	start web lighttpd -D -f "$DIR/web/lighttpd.conf"
	wait_until web 20 bash -c "exec 3<>/dev/tcp/127.0.0.1/$STATE_HTTPS_PORT"
}

probe() {
	curl -sS --fail --max-time 10 --noproxy '*' "$(http_url)/probe"
}

wait_ready() {
	LAST_LOG="$DIR/log/serve.log $DIR/log/certwright.log"
	wait_until serve 30 probe
}
