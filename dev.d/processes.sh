# shellcheck shell=bash
# shellcheck disable=SC2154 # run, state: set in state.sh
#
# Local services as processes: users, ports, start, readiness, stop. postgres.sh, redis.sh and elasticsearch.sh define
# `start_NAME` and `ready_NAME` for each.

# Seconds that a service may take to become ready. A loaded machine needs minutes where an idle one needs seconds.
start_limit=${DEV_START_LIMIT:-600}

# as USER COMMAND…: with the rights of USER when run by root, otherwise as the caller.
as() { (exec_as "$@"); }
exec_as() {
    local user=$1
    shift
    is_root || exec "$@"
    exec setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups -- env HOME=/nonexistent "$@"
}

# ---- ports ------------------------------------------------------------------------------------------------------

listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Below 32768, where Linux's range for outgoing connections begins.
free_port() {
    local port
    while port=$((20000 + RANDOM % 12000)) && listening "$port"; do :; done
    echo "$port"
}

# Keeps the service's previous port unless another program uses it by now.
choose_port() {
    local file=$run/$1/port
    if [[ ! -s $file ]] || listening "$(<"$file")"; then free_port >"$file"; fi
}

port_of() { cat "$run/$1/port"; }

# Another program may bind a port between choose_port and the service's own bind.
lost_port() { grep -qiE 'address already in use|BindException|BindHttpException' "$run/$1/log"; }

# ---- processes --------------------------------------------------------------------------------------------------

# launch NAME USER COMMAND…: in the background, in a session of its own, outliving this script. The session is on
# record before the program runs, so a `dev` that is killed meanwhile leaves nothing behind that `down` can't find.
launch() {
    local name=$1 user=$2
    shift 2
    rm -f "$run/$name/session"
    (
        cd "$run/$name" || exit
        echo "$BASHPID" >session
        exec_as "$user" setsid "$@" </dev/null >log 2>&1 8>&- 9>&-
    ) &
    disown
    until [[ -s $run/$name/session ]]; do sleep 0.01; done
}

# The processes of NAME: those of its session that work in its folder. The folder tells them from strangers, once the
# number of the session is in use again.
processes() {
    local session pid stat fields
    [[ -s $run/$1/session ]] || return 0
    session=$(<"$run/$1/session")
    while read -r pid; do
        stat=$(cat "/proc/$pid/stat" 2>/dev/null) || continue
        read -ra fields <<<"${stat##*) }" # state, parent, group, session
        if [[ $pid == "$session" || ${fields[3]} == "$session" ]]; then echo "$pid"; fi
    done < <(working_in "$run/$1")
}

# Also below the folder, and in elasticsearch-VERSION beside it, where Elasticsearch's launcher works.
working_in() { find /proc/[0-9]*/cwd -maxdepth 0 -lname "$1*" 2>/dev/null | cut -d/ -f3; }

running() { [[ $(processes "$1") ]]; }

# ---- start and stop ---------------------------------------------------------------------------------------------

# A service that is slow is waited for, never restarted: that would only add to the load that makes it slow.
start() {
    local name=$1 attempt
    if running "$name" && await "$name"; then return; fi
    for attempt in 1 2 3; do
        stop "$name"
        mkdir -p "$run/$name"
        choose_port "$name"
        starting=$name
        "start_$name"
        if await "$name"; then
            starting=
            say "$name: ready on 127.0.0.1:$(port_of "$name")"
            return
        fi
        if running "$name" || ! lost_port "$name"; then break; fi
        rm -f "$run/$name/port"
    done
    tail -n 20 "$run/$name/log" >&2
    if running "$name"; then die "$name was not ready after $start_limit s, and is stopped; log: $run/$name/log"; fi
    die "$name ended during its start (attempt $attempt); log: $run/$name/log"
}

# An exit handler: a start that fails or is interrupted leaves no process.
starting=
stop_unfinished() {
    if [[ $starting ]]; then stop "$starting"; fi
}

# Waits until NAME is ready, for as long as it has a process; shows every ten seconds how far it has come.
await() {
    local name=$1 begin=$SECONDS report=10 waited
    until "ready_$name" >/dev/null 2>&1; do
        running "$name" || return 1
        waited=$((SECONDS - begin))
        ((waited < start_limit)) || return 1
        if ((waited >= report)); then
            say "$name: starting for $waited s; its log ends with: $(tail -n 1 "$run/$name/log" | cut -c1-120)"
            report=$((waited + 10))
        fi
        sleep 0.2
    done
}

stop() {
    local name=$1 signal=TERM tenths pids
    [[ $name != postgres ]] || signal=INT # on TERM it waits for its clients to disconnect
    for ((tenths = 0; tenths < 250; tenths++)); do
        mapfile -t pids < <(processes "$name")
        ((${#pids[@]})) || return 0
        # Repeated, as Elasticsearch's launcher may have started the server after the first signal.
        if ((tenths >= 200)); then signal=KILL; fi
        if ((tenths % 50 == 0)); then kill -s "$signal" "${pids[@]}" 2>/dev/null || true; fi
        sleep 0.1
    done
    die "$name does not stop: ${pids[*]}"
}
