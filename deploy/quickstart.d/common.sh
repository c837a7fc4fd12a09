# shellcheck shell=bash disable=SC2034
# Messages, the state file, packages and building, for deploy/quickstart.

PYTHON=/usr/bin/python3
DOUBLE=$ROOT/tests/double/double.py
# What up keeps in DIR/state, one NAME=VALUE a line.
STATE_NAMES='RUN HTTPS_PORT PUBLIC_PORT HTTP_PORT DOUBLE_PORT TENANT APPLICATION BUILD CA_KEY'
# The logs, separated by blanks, that say why what is being done now fails.
LAST_LOG=
LAST_COMMAND=

# Where nobody reads any more, what is being ended is still ended.
say() {
	printf '%s\n' "$*" 2>/dev/null || :
}

step() {
	printf '==> %s\n' "$*"
}

die() {
	printf 'quickstart: %s\n' "$*" >&2
	exit 1
}

bad_usage() {
	printf 'quickstart: %s (see deploy/quickstart help)\n' "$*" >&2
	exit 64
}

# Runs a command with its output in DIR/log/NAME.log; up_failed shows the end of it.
logged() {
	LAST_LOG=$DIR/log/$1.log
	shift
	LAST_COMMAND=$*
	"$@" >"$LAST_LOG" 2>&1 </dev/null
	LAST_LOG=
	LAST_COMMAND=
}

# One up or down at a time in a folder. The descriptor must not reach what stays running.
take_lock() {
	mkdir -p "$DIR/log" "$DIR/pid"
	exec 9>"$DIR/lock"
	flock -n 9 || die "another quickstart is at work in $DIR"
}

load_state() {
	local name value
	for name in $STATE_NAMES; do
		printf -v "STATE_$name" %s ''
	done
	[ -f "$DIR/state" ] || return 0
	while IFS='=' read -r name value; do
		case " $STATE_NAMES " in
		*" $name "*) printf -v "STATE_$name" %s "$value" ;;
		esac
	done <"$DIR/state"
}

save_state() {
	local name variable
	for name in $STATE_NAMES; do
		variable=STATE_$name
		printf '%s=%s\n' "$name" "${!variable}"
	done >"$DIR/state.new"
	mv "$DIR/state.new" "$DIR/state"
}

need_state() {
	load_state
	[ -n "$STATE_TENANT" ] || {
		printf 'quickstart: nothing in %s; run deploy/quickstart up first\n' "$DIR" >&2
		exit 3
	}
}

# What a running demo was made with cannot be changed under it.
check_against_state() {
	if [ -n "$CA_KEY" ] && [ -n "$STATE_CA_KEY" ] && [ "$CA_KEY" != "$STATE_CA_KEY" ]; then
		die "the demo CA in $DIR has a $STATE_CA_KEY key; use another --dir for $CA_KEY"
	fi
	alive web || return 0
	if [ "${ASKED_HTTPS:-$STATE_HTTPS_PORT}" != "$STATE_HTTPS_PORT" ] ||
		[ "${ASKED_HTTP:-$STATE_HTTP_PORT}" != "$STATE_HTTP_PORT" ]; then
		die "it is up already on ports $STATE_HTTPS_PORT and $STATE_HTTP_PORT; run down first"
	fi
}

install_packages() {
	step "packages"
	"$ROOT/deploy/packages-install" build quickstart 9>&-
}

# The build goes to DIR/build; a tree that was configured in place is built there instead, because
# automake refuses to build such a tree anywhere else.
build() {
	STATE_BUILD=$DIR/build
	[ ! -f "$ROOT/config.status" ] || STATE_BUILD=$ROOT
	BIN=$STATE_BUILD/certwright
	step "building in $STATE_BUILD (log in $DIR/log/build.log)"
	logged build build_steps
}

build_steps() (
	set -e
	if [ ! -x "$ROOT/configure" ] || [ "$ROOT/configure.ac" -nt "$ROOT/configure" ]; then
		(cd "$ROOT" && umask 022 && autoreconf -fi)
	fi
	mkdir -p "$STATE_BUILD"
	cd "$STATE_BUILD"
	[ -f config.status ] || "$ROOT/configure"
	make -j"$(nproc)"
)

url() {
	printf 'https://127.0.0.1:%s' "$STATE_HTTPS_PORT"
}

# TLS that never asks for a client certificate.
public_url() {
	printf 'https://127.0.0.1:%s' "$STATE_PUBLIC_PORT"
}

http_url() {
	printf 'http://127.0.0.1:%s' "$STATE_HTTP_PORT"
}

print_env() {
	printf '%s=%q\n' \
		CERTWRIGHT_URL "$(url)" \
		CERTWRIGHT_PUBLIC_URL "$(public_url)" \
		CERTWRIGHT_HTTP_URL "$(http_url)" \
		CERTWRIGHT_TLS_CA "$DIR/tls-ca.pem" \
		CERTWRIGHT_AUDIENCE "api://$STATE_APPLICATION" \
		CERTWRIGHT_TENANT "$STATE_TENANT" \
		CERTWRIGHT_CONFIG "$DIR/certwright.conf" \
		CERTWRIGHT_SOCKET "$STATE_RUN/fcgi.sock" \
		CERTWRIGHT_MASTER_PID "$(pid_of serve)" \
		CERTWRIGHT_DB_SOCKET "$STATE_RUN/db.sock" \
		CERTWRIGHT_DB_NAME certwright \
		CERTWRIGHT_DB_USER certwright \
		CERTWRIGHT_DB_PID "$(pid_of db)" \
		CERTWRIGHT_BIN "$STATE_BUILD/certwright"
}
