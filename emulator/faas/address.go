package faas

import (
	"net/netip"
	"strings"
)

// redisScheme begins the address of a repository that is a Redis server: redis:IP:PORT. Other addresses, IP:PORT, are
// agents'.
const redisScheme = "redis:"

// RedisPort is where a node's Redis server listens, where its configuration says no other.
const RedisPort = 6379

// dialled is the address that one dials for an address.
func dialled(address string) string { return strings.TrimPrefix(address, redisScheme) }

// isRedis says whether an address is that of a Redis server.
func isRedis(address string) bool { return strings.HasPrefix(address, redisScheme) }

// checkAddress accepts IP addresses with a port, of an agent or a Redis server, of several replicas, or none.
func checkAddress(address string) error {
	if address == "" {
		return nil
	}
	for one := range strings.SplitSeq(address, between) {
		if _, err := netip.ParseAddrPort(dialled(one)); err != nil {
			return err
		}
	}
	return nil
}

// redisMark begins the keys, at the control socket, of states that are in the node's Redis server. No other key has
// its @.
const redisMark = "redis@"

// markedKey is the key of a state at the control socket of the node that keeps it, in a repository of that address.
func markedKey(repository, key string) string {
	if isRedis(repository) {
		return redisMark + key
	}
	return key
}
