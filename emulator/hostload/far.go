package hostload

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"testbed/emulator/machines/control"
)

// Service is the service of a machine's agent that tells what the machine's kernel has counted.
const Service = "host"

// Texts are what a kernel prints of its counters. What it does not have is empty.
type Texts struct {
	Stat     string            `json:"stat"` // the processors' lines
	Loadavg  string            `json:"loadavg,omitempty"`
	Meminfo  string            `json:"meminfo,omitempty"`
	Pressure map[string]string `json:"pressure,omitempty"` // by resource
	KHz      []string          `json:"khz,omitempty"`      // scaling_cur_freq of processors
	Heat     []string          `json:"heat,omitempty"`     // core_throttle_count of processors
}

// mostTexts bounds them, in bytes: those of a thousand processors are a tenth of it.
const mostTexts = 4 << 20

// answering bounds how long a machine may take to tell.
const answering = 5 * time.Second

// Serve tells them over a stream.
func Serve(_ context.Context, stream net.Conn) {
	_ = stream.SetDeadline(time.Now().Add(answering))
	_ = json.NewEncoder(stream).Encode(textsHere())
}

// At asks a machine's agent for them.
func At(ctx context.Context, to control.Opener) (t Texts, err error) {
	stream, err := to.Open(Service)
	if err != nil {
		return t, err
	}
	defer stream.Close()
	_ = stream.SetDeadline(time.Now().Add(answering))
	stop := context.AfterFunc(ctx, func() { _ = stream.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if err := json.NewDecoder(io.LimitReader(stream, mostTexts)).Decode(&t); err != nil {
		return Texts{}, fmt.Errorf("%w: %w", control.ErrLost, err)
	}
	return t, nil
}

// Snapshot is what they say that was counted by an instant.
func (t Texts) Snapshot(at time.Time) Snapshot {
	return parse(at, files{stat: t.Stat, pressure: t.Pressure, khz: t.KHz, heat: t.Heat})
}

// processorsOf are the lines of /proc/stat that are about processors.
func processorsOf(stat string) string {
	var kept strings.Builder
	for line := range strings.Lines(stat) {
		if strings.HasPrefix(line, "cpu") {
			kept.WriteString(line)
		}
	}
	return kept.String()
}
