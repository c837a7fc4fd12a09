# shellcheck shell=bash disable=SC2034
# What setup speaks with, and what it undoes when it fails.

PROBLEM=''
SCRATCH='' TRY='' NEW_FOLDER='' UNDO_WEB=''

step() {
	printf '==> %s\n' "$*"
}

say() {
	printf '    %s\n' "$*"
}

warn() {
	printf 'setup: note: %s\n' "$*" >&2
}

die() {
	printf 'setup: %s\n' "$*" >&2
	exit 1
}

bad_usage() {
	printf 'setup: %s\n' "$*" >&2
	printf 'setup: see setup --help\n' >&2
	exit 64
}

# For a check to say what is wrong.
problem() {
	PROBLEM=$*
}

# What was only tried is removed, and what stood in the web root before is there again.
clean_up() {
	local status=$?
	trap '' HUP INT TERM
	[ -z "$STTY" ] || stty "$STTY" || :
	[ -z "$TRY" ] || rm -rf "$TRY"
	[ -z "$UNDO_WEB" ] || restore_web
	[ -z "$SCRATCH" ] || rm -rf "$SCRATCH"
	if [ -n "$NEW_FOLDER" ] && rmdir "$FOLDER" 2>/dev/null; then
		NEW_FOLDER=
	fi
	exit "$status"
}

catch_all() {
	trap clean_up EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
}

# Paths stand in shell scripts, settings and a crontab, where other characters would need care.
is_plain_path() {
	case $1 in
	/*) ;;
	*) return 1 ;;
	esac
	case $1 in
	*[!A-Za-z0-9._/+@-]*) return 1 ;;
	esac
}

# Puts standard input into a file when that changes it; says by its status whether it did.
replace() { # FILE MODE
	cat >"$1.new"
	if [ -f "$1" ] && cmp -s "$1" "$1.new"; then
		rm "$1.new"
		return 1
	fi
	chmod "$2" "$1.new"
	mv -f "$1.new" "$1"
}
