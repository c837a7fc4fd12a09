# shellcheck shell=bash disable=SC2034
# The answers that setup needs: from options, from an earlier run, or asked for.

STTY=''
KEPT=$'\177' # stands for the password that is in its file already
declare -A KNOWN=() # settled by an earlier run: not asked for again
declare -A TEXTS=(
	[PROGRAM]='The program certwright'
	[WEB_ROOT]='Folder that the web server shows, to be used for certwright alone'
	[BASE_URL]='URL of that folder, https://...'
	[HTTP_BASE_URL]='Its URL without TLS, http://...'
	[TENANT]='Id of the Entra tenant'
	[APPLICATION]='Id of the application in Entra that stands for certwright'
	[RENEWALS]='May clients renew with their old certificate? The host must ask for it (yes/no)'
	[DB_HOST]='Database host'
	[DB_PORT]='Database port'
	[DB_NAME]='Name of the database'
	[DB_USER]='Database account'
	[DB_PASSWORD]="That account's password (not shown)"
	[CA_NAME]='Short name of the new CA: small letters, digits and -'
	[CA_SUBJECT]='Its subject, such as CN=Example CA,O=Example'
	[CA_KEY]='Its key: p256, p384, ed25519, rsa2048, rsa3072 or rsa4096'
)

option_of() {
	local name=${1,,}
	[ "$name" != db_password ] || name=db_password_file
	printf -- '--%s' "${name//_/-}"
}

is_interactive() {
	[ -t 0 ] && [ -z "$NO_QUESTIONS" ]
}

# read_answer NAME OFFERED
read_answer() {
	local typed='' shown blanks=$' \t'
	[ "$1" = DB_PASSWORD ] && shown=${2:+as before} || shown=$2
	# First of all: who types ahead must not see it either.
	STTY=$(stty -g)
	if [ "$1" = DB_PASSWORD ]; then
		blanks=
		stty -echo
	fi
	printf '%s' "${TEXTS[$1]}${shown:+ [$shown]}: "
	IFS=$blanks read -r typed || die "no answer"
	stty "$STTY"
	STTY=
	[ "$1" != DB_PASSWORD ] || echo
	printf -v "$1" %s "${typed:-$2}"
}

# answer NAME [OFFERED]: returns when the variable NAME has a good value. check_name sets PROBLEM
# where it has not, and may tidy it.
answer() {
	local name=$1 offered=${2-} shown
	[ -z "${KNOWN[$name]-}" ] || return 0
	while :; do
		if [ -n "${!name}" ]; then
			PROBLEM=
			"check_${name,,}" && return 0
			shown=" ${!name}"
			[ "$name" != DB_PASSWORD ] || shown=
			is_interactive || die "$(option_of "$name")$shown: $PROBLEM"
			say "$PROBLEM"
			printf -v "$name" %s ''
		fi
		is_interactive || die "$(option_of "$name") is missing: ${TEXTS[$name]}"
		read_answer "$name" "$offered"
	done
}

# answer_or NAME VALUE: the value is offered, and taken where nobody can be asked.
answer_or() {
	is_interactive || [ -n "${!1}" ] || printf -v "$1" %s "$2"
	answer "$@"
}

# Asks anew for answers that did not work out together; the former ones are offered.
ask_again() {
	local name former
	say "$PROBLEM"
	for name in "$@"; do
		former=${!name}
		unset "KNOWN[$name]"
		printf -v "$name" %s ''
		answer "$name" "$former"
	done
}

# settle CHECK NAME...: CHECK finds out whether these answers work together. Without a terminal the
# first problem is the end.
settle() {
	local check=$1
	shift
	PROBLEM=
	until "$check"; do
		is_interactive || die "$PROBLEM"
		ask_again "$@"
		PROBLEM=
	done
}

# -- what a single answer must be

check_program() {
	local missing
	PROGRAM=$(realpath -e -- "$PROGRAM" 2>/dev/null) || PROBLEM='there is no such file'
	[ -z "$PROBLEM" ] || return 1
	if [ ! -f "$PROGRAM" ] || [ ! -x "$PROGRAM" ]; then
		PROBLEM='it is not a program'
	elif ! is_plain_path "$PROGRAM"; then
		PROBLEM='its path may hold A-Z a-z 0-9 . _ / + @ - only'
	fi
	[ -z "$PROBLEM" ] || return 1
	missing=$(missing_libraries)
	if [ -n "$missing" ]; then
		problem "the host lacks libraries that it needs: $missing. Have them installed, or copy" \
			"them from where certwright was built into $FOLDER/lib"
		return 1
	fi
	[[ $(with_libraries "$PROGRAM" --version 2>&1) == 'certwright '[0-9]* ]] ||
		PROBLEM="it does not run here: $(with_libraries "$PROGRAM" --version 2>&1 | head -n 1)"
	[ -z "$PROBLEM" ]
}

with_libraries() {
	if [ -d "$FOLDER/lib" ]; then
		LD_LIBRARY_PATH=$FOLDER/lib "$@"
	else
		"$@"
	fi
}

# Libraries that are not there, and versions of them that are too old, such as "GLIBC_2.36".
missing_libraries() {
	command -v ldd >/dev/null || return 0
	LC_ALL=C with_libraries ldd "$PROGRAM" 2>&1 | sed -n \
		-e 's/^[[:space:]]*\([^ ]*\) => not found.*/\1/p' \
		-e "s/.*version .\([^ ']*\)' not found.*/\1/p" | sort -u | paste -s -d ' '
}

check_web_root() {
	WEB_ROOT=$(cd -- "$WEB_ROOT" 2>/dev/null && pwd -P) || PROBLEM='there is no such folder'
	[ -z "$PROBLEM" ] || return 1
	if ! is_plain_path "$WEB_ROOT"; then
		PROBLEM='its path may hold A-Z a-z 0-9 . _ / + @ - only'
	elif [ ! -O "$WEB_ROOT" ] || [ ! -w "$WEB_ROOT" ]; then
		PROBLEM='it is not yours to write to'
	elif [ "$WEB_ROOT" = "$(cd && pwd -P)" ]; then
		PROBLEM='this is your home folder, whose files no web server may show'
	elif [[ $FOLDER/ == "$WEB_ROOT"/* ]]; then
		PROBLEM="the folder of settings and keys, $FOLDER, lies in it: name another by --folder"
	elif [[ $PROGRAM == "$WEB_ROOT"/* ]]; then
		PROBLEM="the program, $PROGRAM, lies in it"
	elif [ -e "$WEB_ROOT/.htaccess" ] && ! is_ours "$WEB_ROOT/.htaccess"; then
		PROBLEM="it has a .htaccess of something else; certwright needs a folder of its own"
	fi
	[ -z "$PROBLEM" ]
}

is_url() { # SCHEME TEXT
	[[ $2 =~ ^$1://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*$ ]]
}

without_slash() {
	local url=$1
	while [[ $url == */ ]]; do
		url=${url%/}
	done
	printf '%s' "$url"
}

check_base_url() {
	BASE_URL=$(without_slash "$BASE_URL")
	is_url https "$BASE_URL" || PROBLEM='expected https://HOST[:PORT][/PATH], without a query'
	[ -z "$PROBLEM" ]
}

check_http_base_url() {
	HTTP_BASE_URL=$(without_slash "$HTTP_BASE_URL")
	is_url http "$HTTP_BASE_URL" || PROBLEM='expected http://HOST[:PORT][/PATH], without a query'
	[ -z "$PROBLEM" ]
}

is_guid() {
	[[ $1 =~ ^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$ ]]
}

check_tenant() {
	is_guid "$TENANT" ||
		PROBLEM='expected the tenant id, a GUID such as 00112233-4455-6677-8899-aabbccddeeff'
	[ -z "$PROBLEM" ]
}

check_application() {
	is_guid "$APPLICATION" ||
		PROBLEM='expected the application (client) id, a GUID such as 00112233-4455-6677-8899-aabbccddeeff'
	[ -z "$PROBLEM" ]
}

check_renewals() {
	case $RENEWALS in
	yes | no) ;;
	*) PROBLEM='expected yes or no' ;;
	esac
	[ -z "$PROBLEM" ]
}

# A path is the database's Unix socket.
check_db_host() {
	[[ $DB_HOST =~ ^[A-Za-z0-9._-]+$ || $DB_HOST =~ ^\[[0-9A-Fa-f:]+\]$ ]] || is_plain_path "$DB_HOST" ||
		PROBLEM='expected a host name, an address ([...] where it has colons), or the path of a socket'
	[ -z "$PROBLEM" ]
}

check_db_port() {
	if [[ ! $DB_PORT =~ ^[1-9][0-9]{0,4}$ ]] || [ "$DB_PORT" -gt 65535 ]; then
		PROBLEM='expected a number from 1 to 65535'
	fi
	[ -z "$PROBLEM" ]
}

check_db_name() {
	[[ $DB_NAME =~ ^[A-Za-z0-9._-]{1,64}$ ]] || PROBLEM='expected at most 64 letters, digits, ".", "-" and "_"'
	[ -z "$PROBLEM" ]
}

check_db_user() {
	[[ $DB_USER =~ ^[[:graph:]]{1,128}$ ]] || PROBLEM='expected a name without white space'
	[ -z "$PROBLEM" ]
}

check_db_password() {
	[ "$DB_PASSWORD" != "$KEPT" ] || return 0
	[ ${#DB_PASSWORD} -le 510 ] || PROBLEM='expected at most 510 bytes'
	[[ $DB_PASSWORD != *[[:cntrl:]]* ]] || PROBLEM='it holds a control character'
	[ -z "$PROBLEM" ]
}

check_ca_name() {
	[[ $CA_NAME =~ ^[a-z0-9-]{1,32}$ ]] || PROBLEM='expected at most 32 small letters, digits and "-"'
	[ -z "$PROBLEM" ]
}

# certwright itself reads names; this catches what could not be one.
check_ca_subject() {
	[[ $CA_SUBJECT =~ ^[A-Za-z0-9.]+=.+ ]] || PROBLEM='expected TYPE=value,..., such as CN=Example CA,O=Example'
	[ -z "$PROBLEM" ]
}

check_ca_key() {
	case $CA_KEY in
	p256 | p384 | ed25519 | rsa2048 | rsa3072 | rsa4096) ;;
	*) PROBLEM='expected p256, p384, ed25519, rsa2048, rsa3072 or rsa4096' ;;
	esac
	[ -z "$PROBLEM" ]
}
