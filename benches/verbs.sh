#!/usr/bin/env bash
# Measures search and upgrade with the release binary and prints medians. Needs bash, git and cargo.
# usage: verbs.sh [RUNS]
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${1:-15}

cargo build --release --quiet --locked
zskills=$PWD/target/release/zskills
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1

# Prints the median of the numbers on stdin.
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# Prints the median time of a command in milliseconds.
measure() {
    local start end
    for _ in $(seq "$runs"); do
        start=${EPOCHREALTIME/[.,]/}
        "$@" >/dev/null 2>&1
        end=${EPOCHREALTIME/[.,]/}
        echo $((end - start))
    done | median | awk '{ printf "%.1f", $1 / 1000 }'
}

# A registry of 300 catalogs with 20 plugins each.
plugins=$work/search/.claude/plugins
mkdir -p "$plugins/marketplaces"
{
    echo '{'
    for m in $(seq 300); do
        place=$plugins/marketplaces/market$m
        mkdir -p "$place/.claude-plugin"
        {
            printf '{"name":"market%s","owner":{"name":"bench"},"plugins":[' "$m"
            for p in $(seq 20); do
                [ "$p" = 1 ] || printf ','
                printf '{"name":"plugin%s-%s","source":"./plugins/%s","version":"1.0.%s",' "$m" "$p" "$p" "$p"
                printf '"description":"Does the work number %s of many, and says so at some length.",' "$p"
                printf '"keywords":["work","bench"],"category":"tools"}'
            done
            printf ']}\n'
        } >"$place/.claude-plugin/marketplace.json"
        [ "$m" = 1 ] || echo ','
        printf '"market%s":{"source":{"source":"github","repo":"o/r%s"},"installLocation":"%s","lastUpdated":"2026-01-01T00:00:00.000Z"}' "$m" "$m" "$place"
    done
    echo '}'
} >"$plugins/known_marketplaces.json"

echo "medians of $runs runs"
search=("$zskills" --home "$work/search" search --json)
echo "search 300 catalogs, one hit                   $(measure "${search[@]}" plugin7-7) ms"
echo "search 300 catalogs, a hit in every entry      $(measure "${search[@]}" work) ms"

# 30 git marketplaces of which none has moved.
benches/make-home.sh "$work/upgrade" 30 1
"$zskills" --home "$work/home" sync --file "$work/upgrade/skills.toml" >/dev/null 2>&1
asked() {
    local repo
    for repo in "$work"/upgrade/remotes/*; do
        git ls-remote --quiet -- "file://$repo" HEAD >/dev/null &
    done
    wait
}
one=$(measure asked)
all=$(measure "$zskills" --home "$work/home" upgrade --file "$work/upgrade/skills.toml")
echo "git ls-remote of 30 repositories, in parallel  $one ms"
echo "upgrade of the same, none has moved            $all ms"
awk -v a="$all" -v b="$one" 'BEGIN { printf "upgrade / ls-remote                            %.2f\n", a / b }'
