package plan

import "testbed/emulator/catalogue"

// Stores is the kind of the catalogue's stores: what keeps the states that are in a repository.
var Stores = catalogue.NewKind[Store](catalogue.Stores)

// Store is what keeps the states that are in a repository.
type Store struct {
	// Scheme begins the addresses of its servers, which have the node's IP address and Port; empty: the node's agent
	// itself is the server.
	Scheme  string
	Port    uint16
	Framing Framing // of an agent's own: none, for it is HTTP's, which predictors know
	Server  bool    // a repository's node runs a program for it: see the scenario's state.repository
}

// Framing is how many bytes messages from and to a repository have beside the state.
type Framing struct {
	ReadRequest, ReadResponse, WriteRequest, WriteResponse int64
}

// StoreSection is this package's part of the catalogue's stores.
func StoreSection() catalogue.Section {
	return Stores.Of(
		catalogue.Entry[Store]{
			Description: catalogue.Description{
				Name: "builtin", About: "the agent of a repository's node keeps states in its memory, and serves them over HTTP",
			},
		},
		catalogue.Entry[Store]{
			Description: catalogue.Description{
				Name:  "redis",
				About: "a Redis server in a repository's node keeps them; it is started with the node, and again when it ends",
			},
			// A read is HMGET of three fields, a write EVALSHA of a script that compares versions: with a key of 36 bytes, as
			// run/model/chain/state has, and sizes of up to 7 digits.
			Does: Store{Scheme: "redis:", Port: 6379, Server: true, Framing: Framing{
				ReadRequest: 79, ReadResponse: 37, WriteRequest: 177, WriteResponse: 4,
			}},
		},
	)
}
