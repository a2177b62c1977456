#!/bin/sh
# Makes a password for each service and puts its SHA-256 into a copy of users.acl: passwords.sh ACL-FILE FOLDER
# ACL-FILE is written for the server, and keeps the users that were added to it; FOLDER gets a file USER.password each.
set -eu
umask 077
users="signer publisher scheduler operator responder validator registrar"
acl=$(cat "$(dirname "$0")/users.acl")
mkdir -p "$2"
for user in $users; do
    [ -s "$2/$user.password" ] || openssl rand -hex 32 >"$2/$user.password"
    digest=$(tr -d '\n' <"$2/$user.password" | sha256sum | cut -d ' ' -f 1)
    acl=$(printf '%s\n' "$acl" | sed "s/#SHA256-OF-THE-PASSWORD-OF-$user /#$digest /")
done
printf '%s\n' "$acl" >"$1.new"
if [ -e "$1" ]; then
    grep -v -E "^user (default|$(echo "$users" | tr ' ' '|')) " "$1" >>"$1.new" || [ $? = 1 ]
fi
mv "$1.new" "$1"
