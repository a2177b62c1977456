#!/bin/sh
# Makes a key for signer and publisher, and the list of identities with them and with ../aws/policies/: keys.sh FILE FOLDER
# FILE is written for the server; everybody has the policy of the public bucket. FOLDER gets a profile SERVICE.aws each; a key that is there already stays.
set -eu
umask 077
here=$(dirname "$0")
policy() { tr -s ' \n' ' ' <"$here/../aws/policies/$1.json" | sed 's/"/\\\\"/g'; } # a string in JSON, in sed's way
identities=$(cat "$here/identities.json")
mkdir -p "$2"
for user in signer publisher; do
    profile="$2/$user.aws"
    [ -s "$profile" ] || printf '[default]\naws_access_key_id = %s\naws_secret_access_key = %s\nregion = us-east-1\n' \
        "$(openssl rand -hex 10)" "$(openssl rand -hex 32)" >"$profile"
    key=$(sed -n 's/^aws_access_key_id = //p' "$profile")
    secret=$(sed -n 's/^aws_secret_access_key = //p' "$profile")
    identities=$(printf '%s\n' "$identities" |
        sed "s/KEY-OF-$user/$key/; s/SECRET-OF-$user/$secret/; s|POLICY-OF-$user|$(policy "$user")|")
done
printf '%s\n' "$identities" | sed "s|POLICY-OF-anonymous|$(policy public-bucket)|" >"$1"
