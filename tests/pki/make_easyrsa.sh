#!/bin/sh
# Makes easyrsa.tar.xz with the real Easy-RSA: about 320 certificates over four years, 50 revoked, some expired.
#
# Needs: easyrsa 3.1.0 (Debian package easy-rsa; or $EASYRSA), openssl, faketime, tar, xz. Takes some minutes.
# The CA key is encrypted, as Easy-RSA does by default; its passphrase is in ca.passphrase beside pki/.
set -eu

easyrsa=${EASYRSA:-/usr/share/easy-rsa/easyrsa}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

export TZ=UTC
export EASYRSA_BATCH=1
export EASYRSA_SILENT=1
export EASYRSA_PKI="$work/pki"
export EASYRSA_ALGO=ec
export EASYRSA_CURVE=prime256v1
export EASYRSA_CA_EXPIRE=36500     # ends after 2049: a four-digit year in its certificate
export EASYRSA_CRL_DAYS=18250
export EASYRSA_CERT_RENEW=99999    # lets `renew` renew what is far from its end
export EASYRSA_PASSOUT="file:$work/new.passphrase"  # of one file, openssl would take the first and the second line
export EASYRSA_PASSIN="file:$work/ca.passphrase"

at() { # at 'YYYY-MM-DD hh:mm:ss' command …: Easy-RSA at that moment
    moment=$1
    shift
    faketime "$moment" "$easyrsa" "$@" >>"$work/log" 2>&1 || { tail -20 "$work/log" >&2; exit 1; }
}

issue() { # issue MOMENT DAYS KIND PREFIX FROM TO
    n=$5
    while [ "$n" -le "$6" ]; do
        at "$1" --days="$2" "build-$3-full" "$4-$(printf %03d "$n")" nopass
        n=$((n + 1))
    done
}

revoke() { # revoke MOMENT REASON PREFIX FROM TO; the reason may be empty
    n=$4
    while [ "$n" -le "$5" ]; do
        at "$1" revoke "$3-$(printf %03d "$n")" ${2:+"$2"}
        n=$((n + 1))
    done
}

ca() { # ca MOMENT NAME: a certificate for a CA below this one
    at "$1" --req-cn="$2" gen-req "$2" nopass
    at "$1" --days=10950 sign-req ca "$2"
}

printf 'correct horse battery staple\n' >"$work/ca.passphrase"
cp "$work/ca.passphrase" "$work/new.passphrase"
at '2020-01-01 08:00:00' init-pki
at '2020-01-01 08:00:00' --req-cn='Example Easy-RSA CA' build-ca

issue '2020-02-01 09:30:00' 365 client contractor 1 40      # expired a year later
issue '2020-03-01 10:00:00' 10950 server server 1 60        # until 2050: a four-digit year in the index
issue '2021-04-01 11:15:30' 9125 client client 1 200        # until 2046: a two-digit year
issue '2021-05-01 12:00:00' 700 client trainee 1 15         # expired in 2023, never marked E
ca '2021-06-01 00:00:00' subca-users
ca '2021-06-01 00:00:01' subca-devices
ca '2021-06-01 00:00:02' subca-lost

revoke '2020-05-05 05:05:05' superseded contractor 1 5      # revoked, then expired
revoke '2021-07-01 13:00:00' keyCompromise client 1 12
revoke '2021-07-02 14:00:00' '' client 13 18
revoke '2021-07-03 15:00:00' affiliationChanged client 19 24
revoke '2021-07-04 16:00:00' superseded client 25 30
revoke '2021-07-05 17:00:00' cessationOfOperation client 31 35
revoke '2021-07-06 18:00:00' certificateHold client 36 41
revoke '2021-07-07 19:00:00' unspecified client 42 44
at '2021-07-08 20:00:00' revoke subca-lost CACompromise
revoke '2021-07-09 21:00:00' keyCompromise trainee 1 2

at '2021-08-01 00:00:00' renew server-001 nopass            # the old one goes to renewed/, both stay valid
at '2021-08-01 00:00:00' renew server-002 nopass
at '2021-08-02 00:00:00' renew server-003 nopass
at '2021-08-03 00:00:00' revoke-renewed server-003 superseded

at '2022-01-01 00:00:00' update-db                          # V becomes E where the end has come
at '2024-01-01 00:00:00' gen-crl

cd "$work"
rm -rf pki/reqs pki/revoked/reqs_by_serial pki/revoked/private_by_serial pki/renewed/reqs pki/renewed/private
rm -rf pki/renewed/reqs_by_serial pki/renewed/private_by_serial
find pki/private -name '*.key' ! -name ca.key -delete
find pki -name '*.creds' -delete
rm -f pki/*.old pki/vars* pki/*easyrsa.cnf
tar --create --sort=name --owner=0 --group=0 --numeric-owner --mtime='2024-01-01 00:00:00Z' pki ca.passphrase |
    xz -9e >"$here/easyrsa.tar.xz"
