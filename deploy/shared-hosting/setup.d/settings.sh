# shellcheck shell=bash disable=SC2034,SC2153
# The settings file, and certwright with it: settings, database and identity provider are tried
# before anything is kept.

# Prints the value of a key of an INI file, nothing where it is not set. Section '' is the top.
setting() { # FILE SECTION KEY
	[ -f "$1" ] || return 0
	SECTION=$2 KEY=$3 awk '
	BEGIN { section = tolower(ENVIRON["SECTION"]); key = tolower(ENVIRON["KEY"]); here = section == "" }
	{ sub(/\r$/, "") }
	/^[ \t]*\[/ { name = tolower($0); gsub(/[][ \t]/, "", name); here = name == section; next }
	here && /^[^#;]*=/ {
		name = tolower($0); sub(/=.*/, "", name); gsub(/[ \t]/, "", name)
		if (name != key) next
		sub(/^[^=]*=[ \t]*/, ""); sub(/[ \t]+$/, ""); print; exit
	}' "$1"
}

# Changes a key's line, or adds it at the end of its section; all else in the file stays.
change_setting() { # FILE SECTION KEY VALUE
	SECTION=$2 KEY=$3 VALUE=$4 awk '
	BEGIN {
		section = tolower(ENVIRON["SECTION"]); key = tolower(ENVIRON["KEY"]); here = section == ""
		line = ENVIRON["KEY"] " = " ENVIRON["VALUE"]
	}
	function put() { if (!done) print line; done = 1 }
	function let_go() { while (held > 0) { print ""; held-- } }
	/^[ \t]*\[/ {
		if (here) put()
		let_go()
		name = tolower($0); gsub(/[][ \t\r]/, "", name); here = name == section
		print; next
	}
	/^[ \t\r]*$/ { held++; next }
	here && /^[^#;]*=/ {
		name = tolower($0); sub(/=.*/, "", name); gsub(/[ \t]/, "", name)
		if (name == key) { let_go(); put(); next }
	}
	{ let_go(); print }
	END {
		if (!done && !here) printf "\n[%s]\n", ENVIRON["SECTION"]
		put()
	}' "$1" >"$1.changed"
	mv "$1.changed" "$1"
}

new_settings() {
	cat <<-CONF
	# Settings of certwright in this account, see certwright.conf(5). Made by setup, which changes
	# single lines at most: what is added here stays. After a change run setup again, which tries
	# it and has the web server start certwright anew.
	ValidityPeriodDays = 730

	[DbCSRValidation]
	Enabled = true

	[AuthConfig]

	[Server]
	StateDir = $FOLDER/var

	[Database]
	PasswordFile = $FOLDER/db.password

	[Keys]
	KeyringFile = $FOLDER/keyring

	[Log]
	Target = file:$FOLDER/certwright.log
	CONF
}

CHANGED='' # whether processes that run have to be replaced
NEEDS_CA='' OUTPUT=''

# What an earlier run has settled counts where no option says otherwise.
known() { # NAME VALUE
	[ -z "${!1}" ] && [ -n "$2" ] || return 0
	printf -v "$1" %s "$2"
	KNOWN[$1]=1
}

load_known() {
	local hosts
	# These two are looked at again.
	PROGRAM=${PROGRAM:-$(setting "$FOLDER/setup.conf" '' program)}
	WEB_ROOT=${WEB_ROOT:-$(setting "$FOLDER/setup.conf" '' web-root)}
	[ -f "$CONF" ] || return 0
	known BASE_URL "$(setting "$CONF" Server BaseUrl)"
	known HTTP_BASE_URL "$(setting "$CONF" Server HttpBaseUrl)"
	known TENANT "$(setting "$CONF" AuthConfig TenantId)"
	known APPLICATION "$(setting "$CONF" AuthConfig ApplicationId)"
	known RENEWALS unchanged
	known DB_NAME "$(setting "$CONF" Database Name)"
	known DB_USER "$(setting "$CONF" Database User)"
	hosts=$(setting "$CONF" Database Hosts)
	if [[ $hosts =~ ^([^,[:space:]]+):([0-9]+)$ ]]; then
		known DB_HOST "${BASH_REMATCH[1]}"
		known DB_PORT "${BASH_REMATCH[2]}"
	else # several, or a socket: changed by --db-host alone
		known DB_HOST "${hosts:-$(setting "$CONF" Database Socket)}"
		known DB_PORT 3306
	fi
	# A file of another name is the user's own affair.
	[ ! -s "$(setting "$CONF" Database PasswordFile)" ] || known DB_PASSWORD "$KEPT"
}

# change NAME SECTION KEY: an answer of this run goes into the settings; one that is known stays.
change() {
	[ -n "${KNOWN[$1]-}" ] || change_setting "$SCRATCH/certwright.conf" "$2" "$3" "${!1}"
}

change_renewals() {
	local file=$SCRATCH/certwright.conf types=ReenrollmentAllowedCertificateTypes
	case $RENEWALS in
	yes)
		change_setting "$file" DbCSRValidation AllowRenewals true
		[ -n "$(setting "$file" DbCSRValidation "$types")" ] ||
			change_setting "$file" DbCSRValidation "$types" Static
		;;
	no) change_setting "$file" DbCSRValidation AllowRenewals false ;;
	esac
}

change_database() {
	local file=$SCRATCH/certwright.conf
	change DB_NAME Database Name
	change DB_USER Database User
	[ -z "${KNOWN[DB_HOST]-}" ] || [ -z "${KNOWN[DB_PORT]-}" ] || return 0
	if [[ $DB_HOST == /* ]]; then
		change_setting "$file" Database Socket "$DB_HOST"
		change_setting "$file" Database Hosts ''
	else
		change_setting "$file" Database Hosts "$DB_HOST:$DB_PORT"
		[ -z "$(setting "$file" Database Socket)" ] || change_setting "$file" Database Socket ''
	fi
}

# The settings as they are to be, in SCRATCH. The file knows its later place; what is there meanwhile
# is said by the environment, see trial().
draft_settings() {
	local file=$SCRATCH/certwright.conf pair
	if [ -f "$CONF" ]; then
		cat "$CONF" >"$file"
	else
		new_settings >"$file"
	fi
	change BASE_URL Server BaseUrl
	change HTTP_BASE_URL Server HttpBaseUrl
	change TENANT AuthConfig TenantId
	change APPLICATION AuthConfig ApplicationId
	change_renewals
	change_database
	if [ "$DB_PASSWORD" != "$KEPT" ]; then
		change_setting "$file" Database PasswordFile "$FOLDER/db.password"
		printf '%s\n' "$DB_PASSWORD" >"$SCRATCH/db.password"
	fi
	for pair in ${SETTINGS[@]+"${SETTINGS[@]}"}; do
		set_by_option "$file" "$pair"
	done
}

set_by_option() { # FILE SECTION:KEY=VALUE
	local name=${2%%=*} section=
	[[ $name != *:* ]] || section=${name%%:*}
	change_setting "$1" "$section" "${name##*:}" "${2#*=}"
}

# certwright without the user's environment, as cron and the web server start it. Settings that
# are only tried have their log here and their state in SCRATCH. Sets OUTPUT.
trial() {
	local more=("AppConfig__Log__Target=stderr" "AppConfig__Server__StateDir=$SCRATCH/var") status=0
	[ ! -f "$SCRATCH/db.password" ] ||
		more+=("AppConfig__Database__PasswordFile=$SCRATCH/db.password")
	[ ! -d "$FOLDER/lib" ] || more+=("LD_LIBRARY_PATH=$FOLDER/lib")
	mkdir -p "$SCRATCH/var"
	OUTPUT=$(env -i PATH=/usr/bin:/bin HOME="$HOME" "${more[@]}" "$PROGRAM" "$@" \
		--config "$SCRATCH/certwright.conf" 2>&1) || status=$?
	return "$status"
}

# certwright's own message, without log lines and with the place where the settings will be.
message() {
	printf '%s' "$OUTPUT" | sed -e '/^ts=/d' -e "s|$SCRATCH/|$FOLDER/|g"
}

settings_are_good() {
	draft_settings
	trial check-config || PROBLEM="the settings are not accepted: $(message)"
	[ -z "$PROBLEM" ]
}

database_is_good() {
	draft_settings
	trial migrate --status || PROBLEM="the database cannot be used: $(message)"
	[[ $OUTPUT != *'0002-authority missing'* ]] || NEEDS_CA=yes
	[ -z "$PROBLEM" ]
}

tenant_is_good() {
	draft_settings
	trial maintain identity-keys ||
		PROBLEM="the token signing keys of the tenant cannot be had: $(message)"
	[ -z "$PROBLEM" ]
}

# The host's limits cannot be changed from .htaccess; these are mod_fcgid's own.
warn_of_limits() {
	local timeout body
	trial check-config || :
	timeout=$(sed -n 's/^\[Server\] RequestTimeoutSeconds = \([0-9]*\) .*/\1/p' <<<"$OUTPUT")
	body=$(sed -n 's/^\[Server\] MaxBodyBytes = \([0-9]*\) .*/\1/p' <<<"$OUTPUT")
	[ "${timeout:-0}" -lt 40 ] ||
		warn "RequestTimeoutSeconds is $timeout, and mod_fcgid ends a request after 40 s (FcgidIOTimeout)"
	[ "${body:-0}" -lt 131072 ] ||
		warn "MaxBodyBytes is $body, and mod_fcgid answers 500 to bodies over 131072 (FcgidMaxRequestLen)"
	case $DB_HOST in
	/* | localhost | 127.* | '[::1]') ;;
	*)
		[ -n "$(setting "$SCRATCH/certwright.conf" Database TlsCa)" ] ||
			warn "the way to $DB_HOST is not protected; where it speaks TLS: --set Database:TlsCa=FILE"
		;;
	esac
}

# -- what is kept

keep_settings() {
	printf '%s\n' '# Where setup has put certwright.' "program = $PROGRAM" "web-root = $WEB_ROOT" |
		replace "$FOLDER/setup.conf" 600 || :
	NEW_FOLDER=
	[ ! -f "$SCRATCH/db.password" ] || ! replace "$FOLDER/db.password" 600 <"$SCRATCH/db.password" ||
		CHANGED=yes
	! replace "$CONF" 600 <"$SCRATCH/certwright.conf" || CHANGED=yes
	! sed -e "s|@FOLDER@|$FOLDER|" -e "s|@PROGRAM@|$PROGRAM|" "$HERE/certwright" |
		replace "$FOLDER/certwright" 700 || CHANGED=yes
	mkdir -p "$FOLDER/var"
}

# Runs a subcommand with the settings that are kept; its text is shown only where it fails.
certwright() {
	local status=0
	OUTPUT=$(env -i PATH=/usr/bin:/bin HOME="$HOME" "$FOLDER/certwright" "$@" 2>&1) || status=$?
	return "$status"
}

ca_is_made() {
	certwright ca init --name "$CA_NAME" --key "$CA_KEY" --subject "$CA_SUBJECT" ||
		PROBLEM="the CA cannot be made: $(message)"
	[ -z "$PROBLEM" ]
}

answer_ca() {
	[ -z "$NO_CA" ] || return 0
	say 'there is no CA yet, so one is made (to take one over end this and use --no-ca)'
	answer CA_NAME
	answer CA_SUBJECT "CN=$CA_NAME"
	answer_or CA_KEY p256
}

make_keyring() {
	local file
	file=$(setting "$CONF" Keys KeyringFile)
	if [ -z "$file" ]; then
		# Settings of a setup before there was a keyring.
		warn "secrets of SCEP profiles cannot be kept before setup --set Keys:KeyringFile=$FOLDER/keyring"
		return 0
	fi
	[ ! -e "$file" ] || return 0
	certwright key new-secret-key || die "the keyring cannot be made: $(message)"
	say "the keyring is made; back it up: $file"
}

# The list's first line is its heading. What was tried before the tables were there may have asked.
make_ca() {
	certwright ca list || die "$(message)"
	[ "$(wc -l <<<"$OUTPUT")" -le 1 ] || return 0
	if [ -n "$NO_CA" ]; then
		say "Settings and tables are there. Now take your CA over by $FOLDER/certwright ca import,"
		say 'and run setup again: it goes on from here.'
		exit 0
	fi
	[ -n "$NEEDS_CA" ] || answer_ca
	settle ca_is_made CA_NAME CA_SUBJECT CA_KEY
	say "CA $CA_NAME is made; back up its key: $FOLDER/var/keys"
	say "SCEP needs an RA certificate: $FOLDER/certwright ra create --authority $CA_NAME"
}

make_records() {
	step 'Tables, signing keys and CA'
	certwright migrate || die "the tables cannot be made: $(message)"
	make_keyring
	certwright maintain || die "$(message)"
	make_ca
}
