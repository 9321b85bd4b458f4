package emulator

import (
	"fmt"
	"path/filepath"
	"slices"

	"testbed/emulator/catalogue"
	"testbed/emulator/faas"
	"testbed/emulator/orchestrator"
	"testbed/emulator/resolved"
	"testbed/emulator/topology"
)

// keeps says whether a node is a repository whose states a program beside the agent keeps.
func keeps(e *resolved.Scenario, id topology.ID) bool {
	return e.Sites.Store != nil && slices.Contains(e.Keepers, id)
}

// redisConfig is the Redis server of a node; nil: it has none. What it keeps on disk is in the node's directory there,
// which goes with the testbed; of an image, in the container's /tmp, which is memory, and bounded: the program of a
// stranger's image, whatever it is, is to have nothing of the host's disk.
func redisConfig(e *resolved.Scenario, id topology.ID, disk string) *faas.RedisConfig {
	if !keeps(e, id) {
		return nil
	}
	r := &e.Source.State.Repository
	dir := filepath.Join(disk, "redis")
	if r.Image != "" {
		dir = "/tmp/redis"
	}
	return &faas.RedisConfig{
		Command: r.Command, Dir: dir, Memory: e.AgentMemory(id),
		Persistence: r.Persistence, Fsync: r.Fsync,
	}
}

// passwordFile has the password of a testbed's repositories; empty: the agents themselves are its repositories.
func passwordFile(e *resolved.Scenario, control string) string {
	if e.Sites.Store == nil {
		return ""
	}
	return filepath.Join(filepath.Dir(control), orchestrator.PasswordFile)
}

// serverRuntime chooses a runtime whose nodes can run the repositories' server, where the scenario leaves it open.
func serverRuntime(e *resolved.Scenario) error {
	sc := e.Source
	if e.Sites.Store == nil || sc.State.Repository.Image != "" {
		return nil // images have a runtime of their own
	}
	for _, r := range sc.Catalogue().All(catalogue.Runtimes) {
		if !r.Images && (sc.Runtime == "auto" || sc.Runtime == r.Name) {
			sc.Runtime = r.Name
			return nil
		}
	}
	return fmt.Errorf("state.repository: the testbed's node image has no server of the store %s: say an image "+
		"that has it, or another runtime than %s", sc.State.Repository.Kind, sc.Runtime)
}
