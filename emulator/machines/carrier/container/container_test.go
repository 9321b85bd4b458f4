package container

import (
	"context"
	"slices"
	"strings"
	"testing"
)

// TestWhatAnAgentGetsOfItsMachine: that and nothing more, whatever paths say.
func TestWhatAnAgentGetsOfItsMachine(t *testing.T) {
	s := Spec{Testbed: "a", Image: "sha256:0", Socket: "/run/docker.sock", Programs: "/var/lib/p",
		Dirs: []string{"/run/tb", "/srv/x:rslave"}}
	config, host := s.configure()
	if want := []string{Command, "/var/lib/p", "/run/tb", "/srv/x"}; !slices.Equal(config.Cmd, want) {
		t.Errorf("its arguments are %q, want %q", config.Cmd, want)
	}
	want := []string{"/run/docker.sock:" + SocketInside, "/var/lib/p:/var/lib/p", "/run/tb:/run/tb",
		"/srv/x:/srv/x:rslave"}
	if !slices.Equal(host.Binds, want) {
		t.Errorf("it gets %q, want %q", host.Binds, want)
	}
	if host.Privileged || !host.AutoRemove || !host.ReadonlyRootfs || !config.StdinOnce || host.LogConfig.Type != "none" {
		t.Errorf("%+v", host)
	}
	for name, change := range map[string]func(*Spec){
		"no socket":                func(s *Spec) { s.Socket = "" },
		"a relative directory":     func(s *Spec) { s.Dirs = append(s.Dirs, "etc") },
		"a colon in the programs":  func(s *Spec) { s.Programs = "/a:/etc" },
		"a directory twice mapped": func(s *Spec) { s.Socket = "/run/x:/etc" },
	} {
		bad := s
		bad.Dirs = slices.Clone(s.Dirs)
		change(&bad)
		if _, err := Start(context.Background(), nil, bad); err == nil || !strings.Contains(err.Error(), "absolute") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTailKeepsTheEnd(t *testing.T) {
	var kept tail
	for range 1000 {
		_, _ = kept.Write([]byte("0123456789"))
	}
	_, _ = kept.Write([]byte("the end\n"))
	if got := kept.String(); len(got) > mostSaid || !strings.HasSuffix(got, "the end") {
		t.Errorf("%d bytes: %.20q", len(got), got)
	}
}
