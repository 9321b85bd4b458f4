package scenario_test

import (
	"strings"
	"testing"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/scenario"
)

func TestState(t *testing.T) {
	for line, want := range map[string]string{
		"":                           "builtin   [central] hash",
		"state: {repository: redis}": "redis aof everysec [central] hash",
		"state: {repository: {kind: redis, persistence: none}, repositories: premises}": "redis none  [premises] hash",
		"state: {repositories: [nuc_0, nuc_1], keys: nearest}":                          "builtin   [nuc_0 nuc_1] nearest",
		"runtime: docker\nstate: {repository: {kind: redis, image: redis:7, fsync: always}}": "redis aof always [central] " +
			"hash",
	} {
		s, err := scenario.Parse([]byte("name: x\ntopology: {synth: iiot}\n"+line+"\n"), "f", builtin.Catalogue())
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		st := &s.State
		r := &st.Repository
		where := "[" + strings.Join(st.Repositories, " ") + "]"
		got := strings.Join([]string{r.Kind, r.Persistence, r.Fsync, where, st.Keys}, " ")
		if got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
		roundTrip(t, s)
	}
}

func TestStateErrors(t *testing.T) {
	for line, want := range map[string]string{
		"state: {repository: mongo}":                                             `f:3:21: state.repository`,
		"state: {repository: {kind: builtin, fsync: always}}":                    "state.repository.fsync",
		"state: {repository: {kind: redis, command: [sh, -c, id]}}":              "add the image that it is in",
		"state: {repositories: [central, nuc_0]}":                                "central stands among others",
		"state: {repositories: [nuc_0, nuc_0]}":                                  "listed twice",
		"state: {repositories: nuc_77}":                                          `there is no host "nuc_77"`,
		"state: {repositories: cloud}\ncloud: {}":                                `there is no host "cloud"`,
		"runtime: docker\nstate: {repository: redis}":                            "image: ...",
		"runtime: process\nstate: {repository: {kind: redis, image: 'redis:7'}}": "cannot run images",
		"state: {repositories: nuc_0}\nimages: {nuc_0: {image: a:1, agent: no}}": "no agent runs in the host nuc_0",
		"state: {replication: 4}":                                                "state.replication",
		"state: {keys: far}":                                                     "state.keys",
	} {
		_, err := scenario.Parse([]byte("name: x\ntopology: {synth: iiot}\n"+line+"\n"), "f", builtin.Catalogue())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", line, err, want)
		}
	}
}
