# shellcheck shell=bash disable=SC2034,SC2153
# packages-check: not-a-program crontab
# The web root: what the host permits there, certwright in it, the proof that it works, and cron.

STATUS='' LEADS_THERE=''
MARK='# certwright in a folder of a shared web host'

is_ours() {
	local first=
	read -r first <"$1" || :
	[[ $first == "$MARK"* ]]
}

# fetch URL [OPTION...]: sets STATUS; the body is in $SCRATCH/body, the header in $SCRATCH/head.
# 1 with PROBLEM where there is no answer at all.
fetch() {
	local url=$1 text
	shift
	: >"$SCRATCH/body"
	if ! STATUS=$(curl -q -sS --max-time 60 --max-filesize 1000000 -H 'Expect:' -D "$SCRATCH/head" \
		-o "$SCRATCH/body" -w '%{http_code}' "$@" "$url" 2>"$SCRATCH/curl"); then
		text=$(tail -n 1 "$SCRATCH/curl")
		PROBLEM="$url gives no answer: ${text#curl: }"
		return 1
	fi
}

body() {
	tr -c '[:print:]' ' ' <"$SCRATCH/body" | head -c 200
}

redirect() {
	tr -d '\r' <"$SCRATCH/head" | sed -n 's/^[Ll]ocation: *//p' | head -n 1
}

# A folder of two files in the web root, to find out what the host does there.
begin_trying() {
	rm -rf "$WEB_ROOT"/certwright-try-????????
	TRY=$(mktemp -d "$WEB_ROOT/certwright-try-XXXXXXXX")
	TRY_URL=$BASE_URL/${TRY##*/}
	TOKEN=${TRY##*-}
	chmod 755 "$TRY"
	printf 'a%s\n' "$TOKEN" >"$TRY/a.txt"
	printf 'b%s\n' "$TOKEN" >"$TRY/b.txt"
	chmod 644 "$TRY"/[ab].txt
}

end_trying() {
	rm -rf "$TRY"
	TRY=
}

# try_with LINE...: fetches a.txt below a .htaccess of these lines.
try_with() {
	printf '%s\n' "$@" >"$TRY/.htaccess"
	chmod 644 "$TRY/.htaccess"
	fetch "$TRY_URL/a.txt"
}

shows() { # LETTER
	[ "$STATUS" = 200 ] && [ "$(cat "$SCRATCH/body")" = "$1$TOKEN" ]
}

# A folder above, or certwright itself from an earlier run, may have rules, which are put off then.
shows_files() {
	rm -f "$TRY/.htaccess"
	fetch "$TRY_URL/a.txt" || return 1
	shows a || { try_with 'RewriteEngine off' && shows a; }
}

url_leads_to_folder() {
	begin_trying
	if ! shows_files && [ -z "$PROBLEM" ]; then
		case $STATUS in
		30?) problem "$BASE_URL leads on to $(redirect): is that the right URL?" ;;
		*) problem "$BASE_URL does not show the files of $WEB_ROOT (it answers $STATUS for one)" ;;
		esac
	fi
	[ -n "$PROBLEM" ] || host_reads_htaccess || :
	end_trying
	[ -n "$PROBLEM" ] || LEADS_THERE=yes
	[ -n "$LEADS_THERE" ]
}

host_reads_htaccess() {
	try_with 'RewriteEngine on' 'RewriteRule ^a\.txt$ b.txt [END]' || return 1
	shows b && try_with 'RewriteEngine off' 'AddHandler fcgid-script .fcgi' && shows a && return 0
	[ -z "$PROBLEM" ] || return 1
	case $STATUS in
	200) problem "the host does not read .htaccess files in $WEB_ROOT (AllowOverride None?)" ;;
	403) problem "the host refuses RewriteRule in $WEB_ROOT (Options FollowSymLinks is off?)" ;;
	*)
		problem "the host does not permit RewriteRule and AddHandler in .htaccess" \
			"(it answers $STATUS): ask for AllowOverride FileInfo"
		;;
	esac
	return 1
}

# Prints our .htaccess for this host: a line that it does not permit is left out.
permitted_htaccess() {
	local line path
	path=${BASE_URL#https://}
	if [[ $path == */* ]]; then
		path=/${path#*/}
	else
		path=
	fi
	while IFS= read -r line; do
		case $line in
		Options* | SSLOptions* | CGIPassAuth*)
			try_with 'RewriteEngine off' "$line" || return 1
			if ! shows a; then
				printf '# The host does not permit: %s\n' "$line"
				continue
			fi
			;;
		esac
		printf '%s\n' "${line//@BASE_PATH@/$path}"
	done <"$HERE/htaccess"
}

# -- certwright in the web root

keep_aside() {
	local name
	for name in .htaccess certwright.fcgi; do
		[ ! -e "$WEB_ROOT/$name" ] || cp -p "$WEB_ROOT/$name" "$SCRATCH/former$name"
	done
	UNDO_WEB=yes
}

restore_web() {
	local name
	for name in .htaccess certwright.fcgi; do
		rm -f "$WEB_ROOT/$name.new"
		if [ -e "$SCRATCH/former$name" ]; then
			mv -f "$SCRATCH/former$name" "$WEB_ROOT/$name"
		else
			rm -f "$WEB_ROOT/$name"
		fi
	done
	UNDO_WEB=
}

wrapper() {
	sed "s|@FOLDER@|$FOLDER|" "$HERE/certwright.fcgi"
}

# mod_fcgid takes a file of another inode for another program, so that processes with former settings
# get no more requests and end. It need be no secret, and suEXEC wants it so.
install_wrapper() {
	wrapper >"$WEB_ROOT/certwright.fcgi.new"
	chmod 755 "$WEB_ROOT/certwright.fcgi.new"
	mv -f "$WEB_ROOT/certwright.fcgi.new" "$WEB_ROOT/certwright.fcgi"
}

# The program first: without it the rules would lead nowhere.
install_web() {
	[ -n "$LEADS_THERE" ] || url_leads_to_folder || die "$PROBLEM"
	begin_trying
	permitted_htaccess >"$SCRATCH/htaccess" || die "$PROBLEM"
	end_trying
	keep_aside
	install_wrapper
	replace "$WEB_ROOT/.htaccess" 644 <"$SCRATCH/htaccess" || :
	warn_of_htaccess
}

warn_of_htaccess() {
	! grep -q '^# The host does not permit: SSLOptions' "$SCRATCH/htaccess" ||
		warn "the host does not permit SSLOptions in .htaccess: renewal by client certificate cannot work"
	[ -z "$(find "$WEB_ROOT" -maxdepth 0 -perm /022)" ] ||
		warn "others may write to $WEB_ROOT, and suEXEC starts no program from such a folder: chmod go-w"
}

# Settings edited and a program put in place since then count as changes; packages keep the time of
# modification, so that the inode's is looked at.
is_installed() {
	local file=$WEB_ROOT/certwright.fcgi
	[ -z "$CHANGED" ] && [ -f "$WEB_ROOT/.htaccess" ] && wrapper | cmp -s - "$file" &&
		[ -z "$(find "$CONF" "$PROGRAM" -newercm "$file")" ]
}

# -- the proof

probe_is_ok() {
	local tries=0
	fetch "$BASE_URL/probe" || return 1
	# What one process has found out counts for some seconds.
	while [ "$STATUS" = 503 ] && [ $((tries += 1)) -le 15 ]; do
		sleep 1
		fetch "$BASE_URL/probe" || return 1
	done
	case $STATUS in
	200)
		[[ $(body) == *'"status":"ok"'* ]] ||
			problem "$BASE_URL/probe is not certwright's answer: $(body)"
		;;
	403) problem "the host refuses to run certwright.fcgi (403): it must permit ExecCGI in $WEB_ROOT" ;;
	500)
		problem "the host could not run certwright.fcgi (500), its error log has the reason:" \
			"it must run it by mod_fcgid and as your account (suEXEC)"
		;;
	503) problem "certwright runs, but $BASE_URL/probe says: $(body); see $FOLDER/certwright.log" ;;
	*) problem "$BASE_URL/probe answers $STATUS and not 200" ;;
	esac
	[[ $(body) != *'#!/bin/sh'* ]] ||
		problem 'the host shows certwright.fcgi and does not run it: it has no mod_fcgid'
	[ -z "$PROBLEM" ]
}

# A token that cannot be good is told apart from none by the challenge, so it has arrived.
token_arrives() {
	fetch "$BASE_URL/api/csr" -X POST || return 1
	[ "$STATUS" != 403 ] || ! grep -q '"errorCode":4033' "$SCRATCH/body" || tls_ends_elsewhere
	[ -z "$PROBLEM" ] || return 1
	[ "$STATUS" = 401 ] ||
		problem "POST $BASE_URL/api/csr without a token is to answer 401, not $STATUS: $(body)"
	[ -z "$PROBLEM" ] || return 1
	fetch "$BASE_URL/api/csr" -X POST -H 'Authorization: Bearer eyJ9.e30.AA' || return 1
	grep -qi '^www-authenticate:.*invalid_token' "$SCRATCH/head" ||
		problem 'the host does not pass the Authorization header on: ask for CGIPassAuth On,' \
			'or AllowOverride AuthConfig'
	[ -z "$PROBLEM" ]
}

tls_ends_elsewhere() {
	local id address
	id=$(tr -d '\r' <"$SCRATCH/head" | sed -n 's/^[Xx]-[Rr]equest-[Ii]d: *//p')
	address=$(sed -n "s/.* req=${id:-none} .* addr=\([^ ]*\).*/\1/p" "$FOLDER/certwright.log" | tail -n 1)
	problem "the request came by TLS, and certwright did not see that: the host's TLS ends at a proxy" \
		"in front of Apache. If ${address:-its address} is that proxy, and it sets X-Forwarded-For" \
		'and X-Forwarded-Proto itself whatever clients send, run this with' \
		"--set Server:TrustedProxies=${address:-ADDRESS}"
}

# are_hidden NAME...: files of the private folder are nobody's to read, neither by the URL of the web
# root nor by one that leads to a folder above it.
are_hidden() {
	local url=$BASE_URL root=$WEB_ROOT name
	while :; do
		for name in "$@"; do
			not_shown "$url/$name" "$FOLDER/$name" || return 1
			[[ $FOLDER/ != "$root"/* ]] || not_shown "$url${FOLDER#"$root"}/$name" "$FOLDER/$name" || return 1
		done
		[[ ${url#https://} == */* ]] || return 0
		url=${url%/*}
		root=${root%/*}
	done
}

# Before there is anything to hide.
folder_is_hidden() {
	printf '%s\n' "${SCRATCH##*/}" >"$SCRATCH/secret.txt"
	are_hidden "${SCRATCH##*/}/secret.txt"
}

not_shown() { # URL FILE
	fetch "$1" || return 1
	! cmp -s "$SCRATCH/body" "$2" ||
		problem "$1 shows $FOLDER to everybody: name a folder elsewhere by --folder"
	[ -z "$PROBLEM" ]
}

is_proven() {
	PROBLEM=
	local keys
	mapfile -t keys < <(cd "$FOLDER" && find var -name '*.key')
	probe_is_ok && token_arrives && are_hidden certwright.conf db.password ${keys[@]+"${keys[@]}"}
}

prove() {
	step "Proof by $BASE_URL"
	if is_installed && is_proven; then
		say 'certwright is in the web root and works; it is left as it is'
	else
		install_web
		is_proven || die "$PROBLEM"
		UNDO_WEB=
		say 'certwright answers, takes tokens, and shows none of its files'
	fi
	if ! fetch "$HTTP_BASE_URL/probe" || [ "$STATUS" != 200 ]; then
		warn "certificates send clients to $HTTP_BASE_URL for CA certificates and CRLs, but" \
			"${PROBLEM:-its /probe answers $STATUS and not 200}"
	fi
}

# -- cron

# Often enough for CRLs of the shortest usual validity, though a run fails, where no request comes. Not at
# the full hour, when everybody asks the identity provider.
cron_line() {
	local minute
	minute=$(cksum <<<"$FOLDER")
	minute=$((${minute%% *} % 14 + 1))
	printf '%d,%d,%d,%d * * * * %s maintain\n' "$minute" "$((minute + 15))" "$((minute + 30))" \
		"$((minute + 45))" "$FOLDER/certwright"
}

print_cron_line() {
	say "$1; have this run every 15 minutes, or at least every hour, by the host's own means:"
	say "$(cron_line)"
}

add_to_cron() {
	local table said=$SCRATCH/crontab
	step 'certwright maintain every 15 minutes'
	if ! command -v crontab >/dev/null; then
		print_cron_line 'there is no crontab program here'
	elif ! table=$(LC_ALL=C crontab -l 2>"$said") && ! grep -qi 'no crontab for' "$said"; then
		print_cron_line "crontab does not work here ($(head -n 1 "$said"))"
	elif grep -v '^[[:space:]]*#' <<<"$table" | grep -qF " $FOLDER/certwright maintain"; then
		say 'is in the crontab already'
	elif { [ -z "$table" ] || printf '%s\n' "$table"; cron_line; } | crontab - 2>"$said"; then
		say 'is in the crontab now'
	else
		print_cron_line "crontab does not work here ($(head -n 1 "$said"))"
	fi
}
