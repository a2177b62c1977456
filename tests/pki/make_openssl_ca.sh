#!/bin/sh
# Makes openssl-ca.tar.xz with plain `openssl ca`: about 320 certificates, 50 revoked in every form that it writes,
# some expired, serials from one octet to twenty-four, the root's own certificate in its own index.
#
# Needs: openssl 3, faketime, tar, xz. The CA key is P-384 and not encrypted.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TZ=UTC

mkdir -p "$work/ca/private" "$work/ca/newcerts"
cd "$work/ca"
: >index.txt
echo 'unique_subject = no' >index.txt.attr
echo 7A >serial                    # soon passes 7F: the octets of 80 start with a zero
echo 1000 >crlnumber
cat >openssl.cnf <<'CONFIG'
[ca]
default_ca = demo
[demo]
dir = .
database = $dir/index.txt
serial = $dir/serial
crlnumber = $dir/crlnumber
new_certs_dir = $dir/newcerts
certificate = $dir/cacert.pem
private_key = $dir/private/cakey.pem
default_md = sha384
default_days = 9125
default_crl_days = 18250
policy = anything
x509_extensions = leaf
crl_extensions = crl
email_in_dn = no
string_mask = utf8only
utf8 = yes
[anything]
organizationName = optional
organizationalUnitName = optional
commonName = supplied
[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[subca]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign, digitalSignature
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
[crl]
authorityKeyIdentifier = keyid
[req]
distinguished_name = dn
prompt = no
utf8 = yes
string_mask = utf8only
[dn]
commonName = unused
CONFIG

quietly() { "$@" >>"$work/log" 2>&1 || { tail -20 "$work/log" >&2; exit 1; }; }

at() { # at 'YYYY-MM-DD hh:mm:ss' arguments …: `openssl ca` at that moment
    moment=$1
    shift
    quietly faketime "$moment" openssl ca -batch -notext -config openssl.cnf "$@"
}

request() { # request SUBJECT: a new key, and a request for it
    quietly openssl req -new -config openssl.cnf -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
        -keyout "$work/leaf.key" -out "$work/leaf.csr" -subj "$1"
}

issue() { # issue START END PREFIX FROM TO: dates as YYYYMMDDHHMMSSZ; certificates land in $work/PREFIX-NNN.pem
    n=$4
    while [ "$n" -le "$5" ]; do
        name=$3-$(printf %03d "$n")
        request "/O=Beispiel GmbH/CN=$name"
        at '2020-06-01 00:00:00' -startdate "$1" -enddate "$2" -in "$work/leaf.csr" -out "$work/$name.pem"
        n=$((n + 1))
    done
}

revoke() { # revoke MOMENT PREFIX FROM TO options …
    moment=$1 prefix=$2 n=$3 last=$4
    shift 4
    while [ "$n" -le "$last" ]; do
        at "$moment" -revoke "$work/$prefix-$(printf %03d "$n").pem" "$@"
        n=$((n + 1))
    done
}

quietly openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp384r1 -out private/cakey.pem
quietly openssl req -new -config openssl.cnf -key private/cakey.pem -out "$work/root.csr" \
    -subj '/O=Beispiel GmbH/CN=Prüf-CA'
at '2020-01-01 00:00:00' -selfsign -extensions root -startdate 20200101000000Z -enddate 21191231235959Z \
    -in "$work/root.csr" -out cacert.pem

issue 20200201093000Z 20210201093000Z expired 1 30
issue 20200301100000Z 20491231235959Z host 1 150            # the last second of two-digit years
issue 20200401110000Z 20500101000000Z device 1 100          # the first of four-digit years
echo 0102030405060708090A0B0C0D0E0F1011121314 >serial       # twenty octets, as long as RFC 5280 allows
issue 20200501120000Z 99991231235959Z forever 1 20          # no well-defined end (RFC 5280 section 4.1.2.5)
echo F102030405060708090A0B0C0D0E0F101112131415161718 >serial
issue 20200501120000Z 20600101000000Z long 1 10             # twenty-four octets and a leading zero: against it, and real
for name in subca-001 subca-002 subca-003; do
    request "/O=Beispiel GmbH/OU=Unter-CA/CN=$name"
    at '2020-06-02 00:00:00' -extensions subca -in "$work/leaf.csr" -out "$work/$name.pem"
done

revoke '2020-07-01 01:01:01' expired 1 4 -crl_reason superseded
revoke '2020-07-01 01:01:02' expired 5 5 -crl_compromise 20200615120000Z
revoke '2021-07-01 13:00:00' host 1 6
revoke '2021-07-02 13:00:00' host 7 10 -crl_reason unspecified
revoke '2021-07-03 13:00:00' host 11 15 -crl_reason keyCompromise
revoke '2021-07-04 13:00:00' host 16 20 -crl_compromise 20210620101112Z
revoke '2021-07-05 13:00:00' host 21 24 -crl_reason affiliationChanged
revoke '2021-07-06 13:00:00' host 25 28 -crl_reason cessationOfOperation
revoke '2021-07-07 13:00:00' device 1 5 -crl_reason certificateHold
revoke '2021-07-08 13:00:00' device 6 8 -crl_hold holdInstructionCallIssuer
revoke '2021-07-08 13:00:01' device 9 10 -crl_hold 1.2.840.10040.2.3
revoke '2021-07-09 13:00:00' forever 1 2 -crl_reason superseded
revoke '2021-07-10 13:00:00' long 1 2 -crl_reason keyCompromise
revoke '2021-07-11 13:00:00' subca 1 1 -crl_CA_compromise 20210601000000Z
revoke '2021-07-11 13:00:01' subca 2 2 -crl_reason CACompromise

at '2022-01-01 00:00:00' -updatedb
at '2023-01-01 00:00:00' -gencrl -out crl.pem
at '2024-01-01 00:00:00' -gencrl -out crl.pem

rm -f ./*.old
cd "$work"
tar --create --sort=name --owner=0 --group=0 --numeric-owner --mtime='2024-01-01 00:00:00Z' ca |
    xz -9e >"$here/openssl-ca.tar.xz"
