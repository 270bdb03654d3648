# Runs ChromeDriver and its browser in a folder of their own until standard input ends: however the tests
# end, the system closes their end of the pipe. $1 is ChromeDriver. Prints the folder, then what ChromeDriver
# prints, which names its port.
set -eu
trap '' INT TERM HUP
folder=$(mktemp -d "${TMPDIR:-/tmp}/headwater-browser-XXXXXX")
trap 'rm -rf "$folder"' EXIT
echo "$folder"
# The browser writes to the home and the temporary folder too. All that ChromeDriver starts is of its session.
HOME=$folder TMPDIR=$folder setsid "$1" --port=0 </dev/null 2>"$folder/log" &
group=$!
# Where ChromeDriver ends by itself, nobody else keeps its reader waiting.
exec >&-
cat >/dev/null
kill -s KILL -- "-$group" 2>/dev/null || true
wait "$group" 2>/dev/null || true
# What was killed may still be writing.
for _ in 1 2 3 4 5 6 7 8 9 10; do
    rm -rf "$folder" 2>/dev/null && break
    sleep 0.1
done
