# Runs a PostgreSQL server in a folder of its own until standard input ends: however the tests end,
# the system closes their end of the pipe. $1 is the folder of the programs. Prints the folder once
# the server answers.
set -eu
trap '' INT TERM HUP
programs=$1
folder=$(mktemp -d "${TMPDIR:-/tmp}/headwater-pg-XXXXXX")
fail() {
    cat "$folder/log" >&2
    exit 1
}
trap 'rm -rf "$folder"' EXIT
"$programs/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >"$folder/log" 2>&1 || fail
"$programs/postgres" -D "$folder/data" -k "$folder" -c listen_addresses= -c fsync=off \
    -c full_page_writes=off -c max_connections=300 </dev/null >>"$folder/log" 2>&1 &
server=$!
until "$programs/pg_isready" -q -h "$folder"; do
    kill -0 "$server" 2>/dev/null || fail
    sleep 0.05
done
echo "$folder"
cat >/dev/null
"$programs/pg_ctl" -D "$folder/data" -m immediate -W stop >/dev/null 2>&1 || true
wait "$server" || true
