#!/usr/bin/env bash
# Installs the pinned clients into target/clients for the tests of the feature `real-clients`.
# Does nothing when they are there. Needs npm and node.
set -euo pipefail
cd "$(dirname "$0")/../.."

version=2.1.329
folder=target/clients
package=$folder/node_modules/@anthropic-ai/claude-code
claude=$folder/node_modules/.bin/claude
# An installer of skills whose lists and notes we share a folder with.
skills=1.5.18

if [ -x "$claude" ] && "$claude" --version 2>/dev/null | grep -qF "$version" &&
    grep -qsF "\"version\": \"$skills\"" "$folder/node_modules/skills/package.json"; then
    echo "claude $version and skills $skills are in $folder"
    exit 0
fi
for program in npm node; do
    command -v "$program" >/dev/null || { echo "$program is not on the PATH" >&2; exit 1; }
done

mkdir -p "$folder"
# A package of its own, so that npm does not look for one further up.
echo '{ "private": true }' >"$folder/package.json"
# Install scripts stay off; the one that is needed is then run by name.
npm install --prefix "$folder" --ignore-scripts --no-audit --no-fund --no-update-notifier \
    "@anthropic-ai/claude-code@$version" "skills@$skills"
node "$package/install.cjs"
"$claude" --version | grep -F "$version"
