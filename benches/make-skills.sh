#!/usr/bin/env bash
# Makes a folder for measuring: git repositories with skills, and a manifest that wants them all.
# usage: make-skills.sh FOLDER [REPOSITORIES] [SKILLS IN EACH]
set -euo pipefail
folder=$1 repositories=${2:-30} skills=${3:-10}

export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=bench GIT_AUTHOR_EMAIL=bench@example.com
export GIT_COMMITTER_NAME=bench GIT_COMMITTER_EMAIL=bench@example.com
export GIT_AUTHOR_DATE=2026-01-02T03:04:05Z GIT_COMMITTER_DATE=2026-01-02T03:04:05Z

mkdir -p "$folder/remotes"
folder=$(cd "$folder" && pwd)
echo 'version = 1' | tee "$folder/skills.toml" >"$folder/few.toml"

for r in $(seq "$repositories"); do
    repo=$folder/remotes/kit$r
    entry=$(printf '\n[[agent_skills]]\nsource = "file://%s"\n' "$repo")
    echo "$entry" >>"$folder/skills.toml"
    if [ "$r" -le 3 ]; then echo "$entry" >>"$folder/few.toml"; fi
    for s in $(seq "$skills"); do
        skill=$repo/skills/skill-$r-$s
        mkdir -p "$skill/references"
        {
            printf -- '---\nname: skill-%s-%s\ndescription: Skill %s of kit %s.\n---\n\n' "$r" "$s" "$s" "$r"
            for line in $(seq 60); do echo "Line $line of a skill that has some length to it."; done
        } >"$skill/SKILL.md"
        echo "More about skill $s." >"$skill/references/more.md"
    done
    git -C "$repo" init --quiet --initial-branch main
    git -C "$repo" add --all
    git -C "$repo" commit --quiet --message one
done
