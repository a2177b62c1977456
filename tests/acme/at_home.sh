# A network of one machine that stands for three: the CA, a web server, and the router with its DNS. Runs in namespaces of its own.
# Arguments: the folder for everything, then a command.
set -eu
ip link set lo up
for address in 1 10 20; do ip address add "192.168.1.$address/32" dev lo; done
echo "nameserver 192.168.1.1" > "$1/resolv.conf"
mount --bind "$1/resolv.conf" "$(realpath /etc/resolv.conf)"
printf '127.0.0.1 localhost\n' > "$1/hosts"
mount --bind "$1/hosts" /etc/hosts
pebble-challtestsrv -http01 "" -https01 "" -tlsalpn01 "" -dns01 192.168.1.1:53 -management 192.168.1.1:8055 \
    -defaultIPv4 192.168.1.20 -defaultIPv6 "" > "$1/dns.log" 2>&1 &
until curl -sf -d '{"host": "ca.home.arpa.", "addresses": ["192.168.1.10"]}' http://192.168.1.1:8055/add-a; do sleep 0.1; done
shift
exec "$@"
