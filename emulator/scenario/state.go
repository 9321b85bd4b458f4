package scenario

import (
	"testbed/emulator/catalogue"
	"testbed/emulator/plan"
)

// State says what keeps the states that are in a repository (external, in-edge), and where in the edge they are.
type State struct {
	// What keeps states in the nodes that are repositories.
	Repository Repository `yaml:"repository" default:"builtin"`
	// Which hosts of the edge are repositories in in-edge: central, the edge network's central node; premises, one in
	// each of the premises, which is each part of the topology that hangs together without the exchanges, the central one
	// of its hosts; all, every host; or hosts by name. external's is the cloud.
	Repositories []string `yaml:"repositories,names,single" default:"central" min:"1" max:"1000"`
	// Which of several repositories has a state: hash, by the state's name (rendezvous hashing), each about as many;
	// nearest, the one from which the client is the least delay away.
	Keys string `yaml:"keys" enum:"hash|nearest" default:"hash"`
	// How many repositories keep each state of in-edge. A write goes to all of them and is acknowledged when a majority
	// has it; a read asks a majority and takes the newest: so what is acknowledged outlives the loss of the others.
	Replication int `yaml:"replication" default:"1" min:"1" max:"3"`
}

// Repository is a store, and how it is started.
type Repository struct {
	// The store.
	Kind string `yaml:"kind,short,required" choice:"store"`
	// The command in the image that starts the server, which gets its configuration on its standard input (and - as its
	// last argument): [redis-server], the default, or another that understands the same. Without an image it is always
	// the distribution's redis-server.
	Command []string `yaml:"command,names" when:"kind=redis" min:"1" max:"100"`
	// Container image that has the command, such as redis:7, for the runtime docker: repositories run it, with the
	// testbed's agent in it.
	Image string `yaml:"image" pattern:"image" when:"kind=redis"`
	// What the server keeps on disk, and so still has after it was killed: none, nothing; rdb, a snapshot once in a
	// minute; aof, every write, in a log.
	Persistence string `yaml:"persistence" enum:"none|rdb|aof" default:"aof" when:"kind=redis"`
	// When the log is written to the disk itself (aof): always, before a write is answered; everysec, once in a second,
	// where a server that is killed while the disk is busy may lose what it has acknowledged in the two seconds before.
	Fsync string `yaml:"fsync" enum:"always|everysec" default:"everysec" when:"persistence=aof"`
}

// The words of state.repositories; others are hosts.
const (
	CentralRepository    = "central"
	PremisesRepositories = "premises"
	AllRepositories      = "all"
)

// repositoryWord says whether a name of state.repositories is one of the words.
func repositoryWord(name string) bool {
	return name == CentralRepository || name == PremisesRepositories || name == AllRepositories
}

// Store is what keeps the states of repositories.
func (s *Scenario) Store() (plan.Store, error) {
	return plan.Stores.Find(s.catalogue, s.State.Repository.Kind)
}

// ServesInImage says whether the repository's server comes in an image of its own.
func (s *Scenario) ServesInImage() bool { return s.State.Repository.Image != "" }

// checkState holds the keys of state against one another, and against the runtime.
func (d *decoder) checkState(f *File) {
	store, err := plan.Stores.Find(d.catalogue, f.State.Repository.Kind)
	if err != nil {
		return // said elsewhere
	}
	if _, given := d.where["state.repository.fsync"]; given && !store.Server {
		d.failAt("state.repository.fsync", "remove it, or write kind: redis", "the store %s has no log",
			f.State.Repository.Kind)
	}
	if f.State.Repository.Command != nil && f.State.Repository.Image == "" {
		d.failAt("state.repository.command", "remove it, or add the image that it is in",
			"without an image the server is the distribution's redis-server")
	}
	images := f.Runtime == auto || d.catalogue.Describe(catalogue.Runtimes, f.Runtime).Images
	switch image := f.State.Repository.Image; {
	case image != "" && !images:
		d.failAt("state.repository.image", "remove it, or the runtime",
			"the runtime %s cannot run images", f.Runtime)
	case store.Server && image == "" && f.Runtime != auto && images:
		d.failAt("state.repository", "write repository: {kind: "+f.State.Repository.Kind+", image: ...}, or another runtime",
			"the testbed's node image has no such server, and so none can be started under the runtime %s", f.Runtime)
	}
	for i, name := range f.State.Repositories {
		if repositoryWord(name) && len(f.State.Repositories) > 1 {
			d.failAt("state.repositories", "write one of the words, or hosts", "%s stands among others", name)
			return
		}
		for _, before := range f.State.Repositories[:i] {
			if before == name {
				d.failAt("state.repositories", "remove it", "%q is listed twice", name)
			}
		}
	}
}

// checkRepositories holds the names of state.repositories against the hosts.
func (d *decoder) checkRepositories(f *File, n vocabulary) {
	for _, name := range f.State.Repositories {
		if repositoryWord(name) || d.uncertain("nodes", name) {
			continue
		}
		found := false
		for _, v := range n.hosts {
			if found = v.Name == name && name != "cloud"; !found {
				continue
			}
			if _, agent := f.imageOf(v); !agent {
				d.failAt("state.repositories", "write another, or remove agent: false", "no agent runs in the host %s", name)
			}
			break
		}
		if !found {
			d.failAt("state.repositories", "write central, premises, all, or names of hosts", "there is no host %q", name)
		}
	}
}
