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

# Prints the median time of a command in milliseconds.
measure() {
    local run
    for run in $(seq "$runs"); do
        took "$@"
    done | median | awk '{ printf "%.1f", $1 / 1000 }'
}

# Every run that makes files gets a folder of its own and nothing is removed in between: ext4 skips
# inodes that were freed a moment ago, which makes creating files right after removing many slower.
sync() { "$zskills" --quiet --home "$1" sync --file "$2"; }
first_sync() {
    mkdir "$1/manifest-$2"
    cp "$1/skills.toml" "$1/manifest-$2/"
    sync "$1/home-$2" "$1/manifest-$2/skills.toml"
}
clones() {
    local repo
    mkdir "$1/clones-$2"
    for repo in "$1"/remotes/*; do
        git clone --quiet --depth 1 "file://$repo" "$1/clones-$2/${repo##*/}" &
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

# Compares first syncs with clones; the two take turns, so that both see the same machine.
first() {
    local folder=$1 plugins=$2 run
    mkdir "$folder"
    benches/make-home.sh "$folder" 10 "$plugins"
    for run in $(seq "$runs"); do
        took clones "$folder" "$run" >>"$folder/cloned"
        took first_sync "$folder" "$run" >>"$folder/synced"
    done
    awk -v a="$(median <"$folder/synced")" -v b="$(median <"$folder/cloned")" -v n="$plugins" 'BEGIN {
        printf "first sync, 10 git marketplaces of %-2d plugins  %6.1f ms\n", n, a / 1000
        printf "git clone --depth 1 of the same, in parallel  %6.1f ms\n", b / 1000
        printf "first sync / clones                           %6.2f\n", a / b }'
}

echo "medians of $runs runs, $(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg 2>/dev/null || echo unknown)"
first "$work/small" 1
first "$work/large" 20
manifest=$work/large/manifest-1/skills.toml
sync "$work/large/home-1" "$manifest" >/dev/null
printf -- '--version                                     %6s ms\n' "$(measure "$zskills" --version)"
printf 'nothing to do, 200 plugins, 10 marketplaces   %6s ms\n' \
    "$(measure sync "$work/large/home-1" "$manifest")"
printf 'doctor, 200 plugins, 10 marketplaces          %6s ms\n' \
    "$(measure "$zskills" --quiet --home "$work/large/home-1" doctor --file "$manifest")"
servers
sync "$work/mcp" "$work/mcp/skills.toml" >/dev/null
printf 'nothing to do, 50 servers, 2 MB .claude.json  %6s ms\n' \
    "$(measure sync "$work/mcp" "$work/mcp/skills.toml")"


idle=("$zskills" --quiet --home "$work/large/home-1" sync --file "$manifest")
kits=$work/kits
# A home that has nothing but what was fetched before.
restore() { "$zskills" --quiet --home "$work/few-$1" sync --offline --file "$kits/few.toml"; }
skill_clones() {
    local repo
    mkdir "$work/clones-$1"
    for repo in "$kits"/remotes/*; do
        git clone --quiet --depth 1 "file://$repo" "$work/clones-$1/${repo##*/}" &
    done
    wait
    cp -r "$work/clones-$1" "$work/copy-$1"
}
first_skills() {
    mkdir "$work/kits-$1"
    cp "$kits/skills.toml" "$work/kits-$1/"
    sync "$work/skilled-$1" "$work/kits-$1/skills.toml"
}
# Prints the median time in milliseconds of a command that gets the number of its run.
measure_each() {
    local run
    for run in $(seq "$runs"); do
        took "$1" "$run"
    done | median | awk '{ printf "%.1f", $1 / 1000 }'
}
ls_remotes() {
    local repo
    for repo in "$kits"/remotes/*; do git ls-remote --quiet "file://$repo" HEAD & done
    wait
}
benches/make-skills.sh "$kits" 30 10
skills_first=$(measure_each first_skills)
skills_cloned=$(measure_each skill_clones)
skilled=(--quiet --home "$work/skilled-1" --file "$work/kits-1/skills.toml")
skills_idle=$(measure "$zskills" sync "${skilled[@]}")
upgraded=$(measure "$zskills" upgrade "${skilled[@]}")
asked=$(measure ls_remotes)
"$zskills" --quiet --home "$work/few" sync --file "$kits/few.toml"
for run in $(seq "$runs"); do
    mkdir -p "$work/few-$run/.cache/zskills"
    cp -a "$work/few/.cache/zskills/git" "$work/few-$run/.cache/zskills/"
done
restored=$(measure_each restore)
echo "nothing to do, 300 skills, 30 repositories    $skills_idle ms"
echo "first sync of 300 skills                      $skills_first ms"
echo "clones of the same, in parallel, and a copy   $skills_cloned ms"
echo "upgrade with nothing moved                    $upgraded ms"
echo "git ls-remote of the same, in parallel        $asked ms"
echo "30 skills from lock and cache, offline        $restored ms"

if [ -x /usr/bin/time ]; then
    peak=$(/usr/bin/time -f %M "${idle[@]}" 2>&1 >/dev/null | tail -1)
elif command -v python3 >/dev/null; then
    peak=$(python3 -c 'import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' "${idle[@]}")
fi
if [ -n "${peak:-}" ]; then
    awk -v k="$peak" 'BEGIN { printf "peak memory with nothing to do                %6.1f MiB\n", k / 1024 }'
fi

if command -v strace >/dev/null; then
    started=$(strace -f -qq -e trace=execve "${idle[@]}" 2>&1 >/dev/null | grep -c execve || true)
    printf 'processes started with nothing to do          %6s\n' "$((started - 1))"
fi
