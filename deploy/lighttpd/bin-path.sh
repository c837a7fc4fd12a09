#!/bin/sh
# What lighttpd starts as its bin-path: runs certwright, and starts it again when it was killed.
#
# lighttpd itself looks first whether anybody answers on the socket. Workers whose master was killed
# still do while they finish; lighttpd then takes them for a program that somebody else has started,
# starts none of its own, and answers 503 from their end on. This script keeps the socket open, so
# that clients have to wait and nothing else.
#
# usage: bin-path.sh COMMAND [WORD]... with the listening socket as descriptor 0

pid='' ending=''
trap 'ending=yes; [ -z "$pid" ] || kill -TERM "$pid"' TERM INT
trap '[ -z "$pid" ] || kill -HUP "$pid"' HUP

# The shell gives what runs in the background /dev/null for descriptor 0.
exec 3<&0 </dev/null

while [ -z "$ending" ]; do
	"$@" <&3 3<&- &
	pid=$!
	[ -z "$ending" ] || kill -TERM "$pid"
	# A signal ends the wait, too.
	while
		wait "$pid"
		status=$?
		kill -0 "$pid" 2>/dev/null
	do :; done
	pid=''
	# What ended by itself has said why, and lighttpd tries again.
	[ "$status" -gt 128 ] || exit "$status"
	[ -n "$ending" ] || sleep 1
done
