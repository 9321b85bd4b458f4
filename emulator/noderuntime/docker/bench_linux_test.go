package docker

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"golang.org/x/sync/errgroup"

	"testbed/emulator/noderuntime"
	"testbed/emulator/noderuntime/runtimetest"
)

var benchNodes = flag.Int("nodes", 81, "nodes of the benchmarks")

// bare starts containers with nothing but an image and no network, as fast as the API lets it, and removes
// them: what Start and Remove are held against.
type bare struct {
	*Runtime
	alter   func(*container.Config, *container.HostConfig)
	workers int
}

func (b bare) each(count int, f func(i int) error) error {
	group := errgroup.Group{}
	group.SetLimit(b.workers)
	for i := range count {
		group.Go(func() error { return f(i) })
	}
	return group.Wait()
}

// cycle returns how long starting and removing took.
func (b bare) cycle(t testing.TB, count int) (up, down time.Duration) {
	ctx := context.Background()
	api, err := b.connect()
	if err != nil {
		t.Fatal(err)
	}
	image, err := b.ensureImage(ctx, api)
	if err != nil {
		t.Fatal(err)
	}
	testbed := bed("bare")
	ids := make([]string, count)
	t.Cleanup(func() { // of what a failure left
		for _, id := range ids {
			_ = api.ContainerRemove(ctx, id, container.RemoveOptions{Force: true})
		}
	})
	began := time.Now()
	err = b.each(count, func(i int) error {
		config := &container.Config{
			Image:  image,
			Cmd:    []string{runtimetest.Agent},
			Labels: map[string]string{LabelTestbed: testbed},
		}
		host := &container.HostConfig{NetworkMode: "none"}
		if b.alter != nil {
			b.alter(config, host)
		}
		made, err := api.ContainerCreate(ctx, config, host, nil, nil, "")
		if err != nil {
			return err
		}
		ids[i] = made.ID
		return api.ContainerStart(ctx, made.ID, container.StartOptions{})
	})
	if err != nil {
		t.Fatal(err)
	}
	up = time.Since(began)
	began = time.Now()
	err = b.each(count, func(i int) error {
		return api.ContainerRemove(ctx, ids[i], container.RemoveOptions{Force: true})
	})
	if err != nil {
		t.Fatal(err)
	}
	return up, time.Since(began)
}

// cycle is the same with the runtime itself.
func cycle(t testing.TB, r *Runtime, count int) (up, down time.Duration) {
	testbed := bed("bench")
	clean(t, r, testbed)
	specs := nodeSpecs(t, testbed, count, runtimetest.Agent)
	for i := range specs {
		specs[i].Limits = noderuntime.Limits{CPU: 1000, Memory: 256 << 20}
	}
	began := time.Now()
	if _, err := r.Start(context.Background(), specs, nil); err != nil {
		t.Fatal(err)
	}
	up = time.Since(began)
	began = time.Now()
	if err := r.Remove(context.Background(), testbed, nil); err != nil {
		t.Fatal(err)
	}
	return up, time.Since(began)
}

func median(values []time.Duration) time.Duration {
	slices.Sort(values)
	return values[len(values)/2]
}

// contest takes its candidates in turns, so that what disturbs the machine disturbs all alike.
func contest(b *testing.B, names []string, run func(name string) (up, down time.Duration)) {
	ups, downs := map[string][]time.Duration{}, map[string][]time.Duration{}
	for b.Loop() {
		for _, name := range names {
			up, down := run(name)
			ups[name], downs[name] = append(ups[name], up), append(downs[name], down)
		}
	}
	up, down := median(ups[names[0]]), median(downs[names[0]])
	for _, name := range names {
		u, d := median(ups[name]), median(downs[name])
		b.Logf("%-16s start %6.2f s (%.2f)  remove %6.2f s (%.2f)", name,
			u.Seconds(), u.Seconds()/up.Seconds(), d.Seconds(), d.Seconds()/down.Seconds())
		b.ReportMetric(u.Seconds()*1000, strings.ReplaceAll(name, " ", "-")+"-start-ms")
		b.ReportMetric(d.Seconds()*1000, strings.ReplaceAll(name, " ", "-")+"-remove-ms")
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkStart holds Start and Remove of -nodes nodes, ready and with limits, against bare containers.
func BenchmarkStart(b *testing.B) {
	r := testRuntime(b)
	contest(b, []string{"bare", "nodes"}, func(name string) (time.Duration, time.Duration) {
		if name == "bare" {
			return bare{Runtime: r, workers: r.parallel}.cycle(b, *benchNodes)
		}
		return cycle(b, r, *benchNodes)
	})
}

// BenchmarkBare starts and removes -nodes bare containers: scripts/bench holds up and down against them.
func BenchmarkBare(b *testing.B) {
	r := testRuntime(b)
	contest(b, []string{"bare"}, func(string) (time.Duration, time.Duration) {
		return bare{Runtime: r, workers: r.parallel}.cycle(b, *benchNodes)
	})
}

// BenchmarkParallel tells how many calls at a time are best, for bare containers.
func BenchmarkParallel(b *testing.B) {
	r := testRuntime(b)
	contest(b, []string{"1", "2", "3", "4", "6", "8", "16"}, func(name string) (time.Duration, time.Duration) {
		var workers int
		fmt.Sscan(name, &workers)
		return bare{Runtime: r, workers: workers}.cycle(b, *benchNodes)
	})
}

// BenchmarkContainer tells what single properties of a container cost.
func BenchmarkContainer(b *testing.B) {
	r := testRuntime(b)
	alter := map[string]func(*container.Config, *container.HostConfig){
		"none": nil,
		"no-network": func(c *container.Config, _ *container.HostConfig) {
			c.NetworkDisabled = true
		},
		"no-ipc":   func(_ *container.Config, h *container.HostConfig) { h.IpcMode = "none" },
		"log-file": func(_ *container.Config, h *container.HostConfig) { h.LogConfig.Type = "json-file" },
		"log-local": func(_ *container.Config, h *container.HostConfig) {
			h.LogConfig = container.LogConfig{Type: "local", Config: map[string]string{"max-size": "1m", "max-file": "2"}}
		},
		"log-none": func(_ *container.Config, h *container.HostConfig) { h.LogConfig.Type = "none" },
		"hardened": func(_ *container.Config, h *container.HostConfig) {
			h.CapDrop, h.ReadonlyRootfs, h.SecurityOpt = []string{"ALL"}, true, []string{"no-new-privileges"}
		},
		"limited": func(_ *container.Config, h *container.HostConfig) {
			h.Resources = resources(noderuntime.Limits{CPU: 1000, Memory: 256 << 20}, Engine{})
		},
		"bound": func(_ *container.Config, h *container.HostConfig) {
			h.Mounts = append(h.Mounts, bind("/tmp", "/tmp", false), bind("/etc/hosts", "/etc/hosts", true))
		},
	}
	names := []string{
		"none", "no-network", "no-ipc", "log-file", "log-local", "log-none", "hardened", "limited", "bound",
	}
	contest(b, names, func(name string) (time.Duration, time.Duration) {
		return bare{Runtime: r, workers: r.parallel, alter: alter[name]}.cycle(b, *benchNodes)
	})
}

// BenchmarkRemove tells whether it helps to kill first processes before the engine is asked to remove them.
func BenchmarkRemove(b *testing.B) {
	r := testRuntime(b)
	names := []string{"bare 4", "engine 4", "signal 4", "engine 8", "signal 8"}
	contest(b, names, func(name string) (time.Duration, time.Duration) {
		var how string
		fmt.Sscan(name, &how, &r.removers)
		if how == "bare" {
			return bare{Runtime: r, workers: r.removers}.cycle(b, *benchNodes)
		}
		r.signals = how == "signal"
		return cycle(b, r, *benchNodes)
	})
}
