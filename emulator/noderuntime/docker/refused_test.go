package docker

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"

	"testbed/emulator/internal/program"
)

// refusing is an engine with one container, which it removes after it has refused to as often as told.
func refusing(times int, reason string) (engine http.HandlerFunc, asked *int) {
	rest, asked := fakeEngine("A", "/var/lib/docker"), new(int)
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/containers/json"):
			w.Header().Set("Content-Type", "application/json")
			if *asked > times {
				fmt.Fprint(w, "[]")
				return
			}
			fmt.Fprintf(w, `[{"Id": "c1", "State": "exited", "Labels": {%q: "cam1"}}]`, LabelNode)
		case r.Method == http.MethodDelete:
			if *asked++; *asked <= times {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusInternalServerError)
				fmt.Fprintf(w, `{"message": %q}`, reason)
			}
		default:
			rest(w, r)
		}
	}, asked
}

// TestWhatTheEngineRefusesForAMomentIsRemoved: a container that ends by itself, is still mounted somewhere, or whose
// removal the engine has begun before is refused once or twice.
func TestWhatTheEngineRefusesForAMomentIsRemoved(t *testing.T) {
	dockerConfig(t)
	for _, reason := range []string{
		"Could not kill running container c1, cannot remove - Container c1 is not running",
		"container c1: driver \"overlay2\" failed to remove root filesystem: device or resource busy",
		"cannot remove container \"/tb-x\": container is marked for removal and cannot be started",
	} {
		for _, times := range []int{0, 1, 3} {
			handler, asked := refusing(times, reason)
			r := New(program.At("x"), WithHost("unix://"+listen(t, handler)))
			err := r.removeWhere(context.Background(), LabelNode, func(container.Summary) bool { return true })
			if err != nil || *asked != times+1 {
				t.Errorf("refused %d times: asked %d times, %v", times, *asked, err)
			}
		}
		handler, asked := refusing(1e9, reason)
		r := New(program.At("x"), WithHost("unix://"+listen(t, handler)), WithPatience(300*time.Millisecond))
		err := r.removeWhere(context.Background(), LabelNode, func(container.Summary) bool { return true })
		if err == nil || !strings.Contains(err.Error(), "cam1") || !strings.Contains(err.Error(), reason) || *asked < 2 {
			t.Errorf("refused for ever: asked %d times, %v", *asked, err)
		}
	}
}
