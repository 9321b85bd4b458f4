package faas

import (
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

func TestControlRequestsAreBounded(t *testing.T) {
	a, c := agentWith(t, Config{}, nil)
	big := oneCall()
	for range 200_000 {
		big.Invocations = append(big.Invocations, big.Invocations[0])
	}
	if _, err := c.Run(t.Context(), big); err == nil || !strings.Contains(err.Error(), "at most") {
		t.Errorf("a chain of 200,000 invocations: %v", err)
	}
	conn, err := net.Dial("unix", a.config.Control)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go fmt.Fprintf(conn, "POST /chain HTTP/1.1\r\nHost: x\r\n"+thisProtocol+"Content-Length: 100000000\r\n\r\n%s",
		strings.Repeat("[", 100_000_000))
	if status, text := answer(t, conn); status != 413 || !strings.Contains(text, "more than") {
		t.Errorf("100 MB of JSON: %d %q", status, text)
	}
	for name, w := range map[string]WarmSpec{
		"connections": {Address: "127.0.0.1:1", Connections: maxWarm + 1},
		"bytes":       {Address: "127.0.0.1:1", Bytes: maxBody + 1},
		"a name":      {Address: "localhost:80"},
	} {
		if err := c.Warm(t.Context(), []WarmSpec{w}); err == nil || !strings.Contains(err.Error(), "warming") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzControl(f *testing.F) {
	warm := []WarmSpec{{Address: "10.0.0.1:8080", Connections: 1}}
	for _, v := range []any{oneCall(), goodResult(), warm, StateVersion{Version: 1}, twoWorkers(), goodProgress()} {
		text, err := json.Marshal(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var spec ChainSpec
		if json.Unmarshal(data, &spec) == nil && spec.validate() == nil {
			for i := range spec.Invocations {
				if c := spec.Invocations[i].call(spec.Key); c.carried() < 0 || max(c.argument, c.result)+c.carried() > maxBody {
					t.Errorf("sizes: %+v", c)
				}
			}
			if n := spec.measured(); n > maxSteps {
				t.Errorf("%d steps", n)
			}
			if spec.Chained() && (len(spec.Nodes()) == 0 || len(spec.Pairs()) > 2*len(spec.roles())) {
				t.Errorf("%+v", spec)
			}
		}
		var r ChainResult
		if json.Unmarshal(data, &r) == nil && r.validate(oneCall(), time.Hour) == nil {
			for _, s := range r.Steps {
				if s.Role.String() == "" || s.Index >= 5 || s.Duration() > 2*time.Hour {
					t.Errorf("step %+v", s)
				}
			}
			_ = r.Network() + r.Processing()
		}
		var p Progress
		if json.Unmarshal(data, &p) == nil && p.validate(twoWorkers()) == nil {
			r := ChainResult{}
			r.take([]*Progress{&p, goodProgress()})
			_ = twoWorkers().wasAt([]*Progress{&p})
			if r.validate(&ChainSpec{}, time.Hour) == nil && len(r.Steps) > 0 {
				t.Errorf("steps %+v of an empty chain", r.Steps)
			}
		}
		var warm []WarmSpec
		_ = json.Unmarshal(data, &warm)
		for i := range warm {
			_ = warm[i].validate()
		}
	})
}
