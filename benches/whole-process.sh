#!/usr/bin/env bash
# Measures whole runs of the release binary and prints medians. Needs bash, git and cargo.
# usage: whole-process.sh [RUNS]
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${1:-15}

cargo build --release --quiet --locked
zskills=$(realpath "${CARGO_TARGET_DIR:-target}")/release/zskills
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1

# Prints the median of the numbers on stdin.
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# Prints how many microseconds a command takes.
took() {
    local start=${EPOCHREALTIME/[.,]/} end
    "$@" >/dev/null
    end=${EPOCHREALTIME/[.,]/}
    echo $((end - start))
}

# Prints the median time of a command in milliseconds; $1 is run before each.
measure() {
    local before=$1
    shift
    for _ in $(seq "$runs"); do
        $before
        took "$@"
    done | median | awk '{ printf "%.1f", $1 / 1000 }'
}

nothing() { :; }
fresh_home() { rm -rf "$work/fresh" "$work/skills.lock"; }
fresh_clones() { rm -rf "$work/clones" && mkdir "$work/clones"; }
sync=("$zskills" --quiet --home "$work/fresh" sync --file "$work/skills.toml")
clones() {
    local repo
    for repo in "$work"/remotes/*; do
        git clone --quiet --depth 1 "file://$repo" "$work/clones/${repo##*/}" &
    done
    wait
}

# A home with 50 servers in a `.claude.json` of 2 MB, most of it the client's history of projects.
servers() {
    mkdir -p "$work/mcp"
    awk 'BEGIN {
        printf "{\n  \"projects\": {\n"
        for (p = 0; p < 250; p++) {
            printf "    \"/home/someone/code/project%d\": { \"history\": [\n", p
            for (h = 0; h < 80; h++)
                printf "      { \"display\": \"a line of history with a number %d of %d\", \"pastedContents\": {}, \"time\": %d.50 },\n", h, p, h * p
            printf "      {} ] },\n"
        }
        printf "    \"/\": {}\n  },\n  \"userID\": \"0\"\n}"
    }' >"$work/mcp/.claude.json"
    awk 'BEGIN {
        print "version = 1"
        for (n = 0; n < 50; n++)
            printf "\n[[mcps]]\nname = \"server%d\"\ncommand = \"npx\"\nargs = [\"-y\", \"server@1.0.%d\"]\nenv = { TOKEN = \"${TOKEN}\" }\n", n, n
    }' >"$work/mcp/skills.toml"
}

benches/make-home.sh "$work" 10 20
servers
mcp=("$zskills" --quiet --home "$work/mcp" sync --file "$work/mcp/skills.toml")

echo "medians of $runs runs"
version=$(measure nothing "$zskills" --version)
cloned=$(measure fresh_clones clones)
first=$(measure fresh_home "${sync[@]}")
"${sync[@]}" >/dev/null
idle=$(measure nothing "${sync[@]}")
"${mcp[@]}" >/dev/null
held=$(measure nothing "${mcp[@]}")
echo "--version                                     $version ms"
echo "nothing to do, 200 plugins, 10 marketplaces   $idle ms"
echo "nothing to do, 50 servers, 2 MB .claude.json  $held ms"
echo "first sync of 10 local git marketplaces       $first ms"
echo "git clone --depth 1 of the same, in parallel  $cloned ms"
awk -v a="$first" -v b="$cloned" 'BEGIN { printf "first sync / clones                           %.2f\n", a / b }'

if [ -x /usr/bin/time ]; then
    peak=$(/usr/bin/time -f %M "${sync[@]}" 2>&1 >/dev/null | tail -1)
elif command -v python3 >/dev/null; then
    peak=$(python3 -c 'import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' "${sync[@]}")
fi
if [ -n "${peak:-}" ]; then
    awk -v k="$peak" \
        'BEGIN { printf "peak memory with nothing to do                %.1f MiB\n", k / 1024 }'
fi

if command -v strace >/dev/null; then
    started=$(strace -f -qq -e trace=execve "${sync[@]}" 2>&1 >/dev/null | grep -c execve || true)
    echo "processes started with nothing to do          $((started - 1))"
fi
