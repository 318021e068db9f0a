# Runs the agent that comes in on standard input, and leaves nothing behind however it ends.
# SIZE bytes are a packed folder; after them standard input stays open for as long as somebody waits for us.
umask 077
for python in python3 /usr/libexec/platform-python ""; do
    if command -v "$python" >/dev/null 2>&1; then break; fi
done
[ -n "$python" ] || exit 91
exec 3<&0 </dev/null
folder=$(mktemp -d "${TMPDIR:-/tmp}/eduops-patrol.XXXXXX") || exit 93
work= watch= alarm=

leave() {
    trap "" 1 2 13 15
    for one in $watch $alarm; do kill "$one" 2>/dev/null; done
    if [ -n "$work" ]; then
        # Five seconds to end by itself; a process that has ended is a zombie until we wait for it.
        left=50
        while [ $left -gt 0 ] && read -r _ _ state _ 2>/dev/null <"/proc/$work/stat" && [ "$state" != Z ]; do
            # Told again each second: what was about to become the agent may have missed it.
            if [ $((left % 10)) -eq 0 ]; then kill "$work" 2>/dev/null; fi
            sleep 0.1
            left=$((left - 1))
        done
        kill -9 "$work" 2>/dev/null
        wait "$work"
    fi
    cd /
    rm -rf "$folder"
}
trap leave 0
trap "exit 90" 1 2 13 15

# A shell waits for what runs in front before it looks at signals: everything that may last runs behind.
(
    trap 'kill $!; exit' 15
    sleep SECONDS &
    wait $!
    kill -15 $$
) >/dev/null 2>&1 3<&- &
alarm=$!

head -c SIZE <&3 | tar -xzf - -C "$folder" &
work=$!
wait "$work" || { work=; exit 94; }
# The end of standard input means that nobody waits any more: the connection is gone.
(while read -r _; do :; done; kill -15 $$) <&3 >/dev/null 2>&1 &
watch=$!
exec 3<&-

# Python looks for modules in the current folder first: not in one that others can write to.
cd "$folder/agent" || exit 93
echo MARK
PYTHONPATH="$folder/agent:$folder/psutil-$(uname -m)" PYTHONIOENCODING=utf-8 \
    nice -n 10 "$python" -S -B -m eduops_agent --config "$folder/agent.json" &
work=$!
wait "$work"
code=$?
work=
if [ $code -ne 0 ] && ! "$python" -S -c "import sys; sys.exit(sys.version_info < (3, 6))"; then code=92; fi
exit $code
