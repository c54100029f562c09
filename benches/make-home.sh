#!/usr/bin/env bash
# Makes a folder for measuring: git marketplaces with plugins, and a manifest that wants them all.
# usage: make-home.sh FOLDER [MARKETPLACES] [PLUGINS IN EACH]
set -euo pipefail
folder=$1 marketplaces=${2:-10} plugins=${3:-20}

export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=bench GIT_AUTHOR_EMAIL=bench@example.com
export GIT_COMMITTER_NAME=bench GIT_COMMITTER_EMAIL=bench@example.com
export GIT_AUTHOR_DATE=2026-01-02T03:04:05Z GIT_COMMITTER_DATE=2026-01-02T03:04:05Z

mkdir -p "$folder/remotes"
folder=$(cd "$folder" && pwd)
manifest=$folder/skills.toml
echo 'version = 1' >"$manifest"

for m in $(seq "$marketplaces"); do
    repo=$folder/remotes/market$m
    mkdir -p "$repo/.claude-plugin"
    entries=
    printf '\n[[marketplaces]]\nname = "market%s"\nsource = "file://%s"\n' "$m" "$repo" >>"$manifest"
    for p in $(seq "$plugins"); do
        plugin=$repo/plugins/plugin$p
        mkdir -p "$plugin/.claude-plugin" "$plugin/skills/skill$p" "$plugin/commands"
        printf '{ "name": "plugin%s", "version": "1.0.%s" }\n' "$p" "$p" \
            >"$plugin/.claude-plugin/plugin.json"
        {
            printf -- '---\nname: skill%s\ndescription: Skill number %s.\n---\n\n' "$p" "$p"
            for line in $(seq 60); do echo "Line $line of a skill that has some length to it."; done
        } >"$plugin/skills/skill$p/SKILL.md"
        for c in 1 2 3; do echo "Command $c of plugin $p." >"$plugin/commands/c$c.md"; done
        entries+="${entries:+,}{\"name\":\"plugin$p\",\"source\":\"./plugins/plugin$p\"}"
        printf '\n[[skills]]\nname = "plugin%s@market%s"\n' "$p" "$m" >>"$manifest"
    done
    printf '{"name":"market%s","owner":{"name":"bench"},"plugins":[%s]}\n' "$m" "$entries" \
        >"$repo/.claude-plugin/marketplace.json"
    git -C "$repo" init --quiet --initial-branch main
    git -C "$repo" add --all
    git -C "$repo" commit --quiet --message one
done
