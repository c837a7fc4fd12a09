# shellcheck shell=bash disable=SC2034
# Starting, knowing again and ending the demo's processes, for deploy/quickstart.
#
# DIR/pid/NAME holds the process id and its start: field 22 of /proc/PID/stat and the boot's id, so
# that a number which another process has got since is never taken for ours.

SERVICES='db double serve web'
STARTED=()
# How many seconds a service has to end by itself: a request may take 40.
PATIENCE=45

# The fields of /proc/PID/stat after the command name, which may hold blanks and brackets.
stat_fields() {
	{ read -r FIELDS <"/proc/$1/stat"; } 2>/dev/null || return 1
	FIELDS=${FIELDS##*) }
}

# Sets START. No subshell: it would die of the Ctrl-C that start() puts off.
start_of() {
	stat_fields "$1" || return 1
	# State is field 3 of the file and the first here; a zombie is not alive.
	[ "${FIELDS%% *}" != Z ] || return 1
	# shellcheck disable=SC2086 # splitting is meant
	set -- $FIELDS
	read -r START </proc/sys/kernel/random/boot_id
	START=${20}@$START
}

# Prints the process id of a service of ours that is running, else nothing.
pid_of() {
	local pid start
	[ -f "$DIR/pid/$1" ] || return 0
	read -r pid start <"$DIR/pid/$1" || return 0
	! start_of "$pid" || [ "$START" != "$start" ] || printf '%s' "$pid"
}

alive() {
	[ -n "$(pid_of "$1")" ]
}

# Signals end up, and with it what it has started. To ignore SIGPIPE would make the services do so.
end_on_signals() {
	trap 'exit 130' INT
	trap 'exit 141' PIPE
	trap 'exit 143' TERM HUP
}

# Starts a service as the leader of its own session, so that it outlives this terminal. A signal
# takes effect when the service is in the books.
start() {
	local name=$1 pid caught=
	shift
	LAST_LOG=$DIR/log/$name.log
	trap 'caught=130' INT
	trap 'caught=143' TERM HUP
	setsid "$@" >>"$LAST_LOG" 2>&1 </dev/null 6>&- 7>&- 9>&- &
	pid=$!
	start_of "$pid" || die "$name ended at once"
	printf '%s %s\n' "$pid" "$START" >"$DIR/pid/$name"
	STARTED+=("$name")
	end_on_signals
	[ -z "$caught" ] || exit "$caught"
}

# Waits until a command succeeds, at most this many seconds, while the service lives.
wait_until() {
	local name=$1 seconds=$2 end
	shift 2
	end=$((SECONDS + seconds))
	until "$@" >/dev/null 2>&1; do
		alive "$name" || die "$name ended before it was ready"
		[ "$SECONDS" -lt "$end" ] || die "$name was not ready after $seconds s"
		sleep 0.1
	done
	LAST_LOG=
}

# Members of a service's process group that still run and name this demo's folder: what a master
# that was killed has left behind.
left_over() {
	local stat pid
	for stat in /proc/[0-9]*/stat; do
		pid=${stat#/proc/}
		pid=${pid%/stat}
		stat_fields "$pid" || continue
		# shellcheck disable=SC2086 # splitting is meant
		set -- "$1" $FIELDS
		if [ "$4" != "$1" ] || [ "$2" = Z ]; then
			continue
		fi
		tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -e "$DIR/" -e "$STATE_RUN/" || continue
		echo "$pid"
	done
}

# wait_gone NAME GROUP SECONDS
wait_gone() {
	local end=$((SECONDS + $3))
	while alive "$1" || [ -n "$(left_over "$2")" ]; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.1
	done
}

stop() {
	local name=$1 pid group rest patience=$PATIENCE
	[ -f "$DIR/pid/$name" ] || return 0
	read -r group rest <"$DIR/pid/$name" || group=0
	pid=$(pid_of "$name")
	if [ -n "$pid" ]; then
		say "ending $name, process $pid"
		kill -TERM "$pid" 2>/dev/null || :
	else
		patience=10
	fi
	if ! wait_gone "$name" "$group" "$patience"; then
		rest="$(pid_of "$name") $(left_over "$group" | tr '\n' ' ')"
		say "$name did not end in $patience s, killing $rest"
		# shellcheck disable=SC2086 # one argument a process
		kill -KILL $rest 2>/dev/null || :
		wait_gone "$name" "$group" 5 || say "$name still runs"
	fi
	rm -f "$DIR/pid/$name"
}

# In the opposite order of starting.
stop_services() {
	local name
	for name in web serve double db; do
		stop "$name"
	done
}

remove_run_folder() {
	local name
	[ -n "$STATE_RUN" ] && [ -O "$STATE_RUN" ] && [ -d "$STATE_RUN" ] || return 0
	for name in $SERVICES; do
		! alive "$name" || return 0
	done
	rm -f "$STATE_RUN"/*.sock "$STATE_RUN"/*.sock-* "$STATE_RUN"/*.lock
	rmdir "$STATE_RUN" || :
}

up_failed() {
	local status=$1 i log
	trap - EXIT
	trap '' INT TERM HUP PIPE
	# Nothing, least of all a message that nobody reads, may keep the rest from being ended.
	set +e
	# A signal may have come while a function's output went to its log.
	exec >&6 2>&7
	[ "$status" -ne 0 ] || status=1
	[ -z "$LAST_COMMAND" ] || printf 'quickstart: this failed: %s\n' "$LAST_COMMAND" >&2
	for log in $LAST_LOG; do
		[ -s "$log" ] || continue
		printf -- '--- the end of %s\n' "$log" >&2
		tail -n 25 "$log" >&2
		printf -- '---\n' >&2
	done
	# A MariaDB that is told to end while it starts may never do so.
	PATIENCE=10
	for ((i = ${#STARTED[@]} - 1; i >= 0; i--)); do
		stop "${STARTED[i]}"
	done
	remove_run_folder
	printf 'quickstart: up failed; nothing that it started still runs\n' >&2
	exit "$status"
}
