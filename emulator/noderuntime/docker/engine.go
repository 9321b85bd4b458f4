package docker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/system"
	"github.com/docker/docker/api/types/versions"
	"github.com/docker/docker/client"

	"testbed/emulator/internal/lazy"
	"testbed/emulator/noderuntime"
	"testbed/emulator/units"
)

// probeTime bounds Supported and EngineVersion.
const probeTime = 2 * time.Second

// Engine is what an engine says about itself.
type Engine struct {
	Host    string         `json:"host"`    // where it was asked
	Version string         `json:"version"` // e.g. 20.10.24
	API     string         `json:"api"`     // newest version of the Engine API that it speaks
	Kernel  string         `json:"kernel"`  // release of the kernel that its containers run on
	CPUs    int            `json:"cpus"`
	Memory  units.ByteSize `json:"memory"`
	ID      string         `json:"id"` // by which it is told from others; see EngineID

	selinux bool
}

// String names the engine for people.
func (e Engine) String() string {
	return fmt.Sprintf("Docker Engine %s (API %s) at %s", e.Version, e.API, e.Host)
}

// Supported returns nil where an engine on this host answers that can run nodes, or within about 2 s an
// error that wraps noderuntime.ErrNotSupported and says what was probed and how to mend it.
func (r *Runtime) Supported(ctx context.Context) error {
	if runtime.GOOS != "linux" {
		return unsupported("containers are joined through Linux's namespaces, which "+runtime.GOOS+" has not", nil)
	}
	engine, err := r.EngineVersion(ctx)
	if err != nil {
		return err
	}
	if here := kernelRelease(); engine.Kernel != here {
		return unsupported(fmt.Sprintf("the engine at %s (%s) runs on another machine (Linux %s; this is %s), "+
			"whose namespaces cannot be reached: unset DOCKER_HOST, or run testbed on that machine",
			engine.Host, r.place.chosen, engine.Kernel, here), nil)
	}
	if err := sharesNumbers(ctx, engine.Host); err != nil {
		return elsewhere(engine.Host, err)
	}
	return nil
}

// Version says what engine is in use, such as "20.10.24 (API 1.41) at unix:///var/run/docker.sock".
func (r *Runtime) Version(ctx context.Context) (string, error) {
	e, err := r.EngineVersion(ctx)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s (API %s) at %s, %s", e.Version, e.API, e.Host, r.place.chosen), nil
}

// EngineVersion asks the engine what it is. Its errors are those of Supported.
func (r *Runtime) EngineVersion(ctx context.Context) (Engine, error) {
	api, err := r.connect()
	if err != nil {
		return Engine{}, unsupported("set DOCKER_HOST or the Docker context right, or unset them", err)
	}
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	ping, err := api.Ping(ctx)
	if err != nil {
		return Engine{}, unreachable(api.DaemonHost(), err)
	}
	if err := checkPing(api.DaemonHost(), ping); err != nil {
		return Engine{}, err
	}
	if err := checkVersion(api.DaemonHost(), os.Getenv(client.EnvOverrideAPIVersion), ping); err != nil {
		return Engine{}, err
	}
	info, err := api.Info(ctx)
	if err != nil {
		return Engine{}, unreachable(api.DaemonHost(), err)
	}
	return describeEngine(api.DaemonHost(), ping, info), nil
}

func describeEngine(host string, ping types.Ping, info system.Info) Engine {
	e := Engine{Host: host, Version: info.ServerVersion, API: ping.APIVersion, Kernel: info.KernelVersion,
		CPUs: info.NCPU, Memory: units.ByteSize(info.MemTotal), ID: identityOf(info)}
	for _, o := range info.SecurityOptions {
		e.selinux = e.selinux || o == "name=selinux" || strings.HasPrefix(o, "name=selinux,")
	}
	return e
}

// checkPing tells from a ping's answer whether the engine will do.
func checkPing(host string, ping types.Ping) error {
	switch {
	case ping.APIVersion == "":
		return unsupported(fmt.Sprintf("what answers at %s is no Docker engine: set DOCKER_HOST to one", host), nil)
	case versions.LessThan(ping.APIVersion, MinimumAPI):
		return unsupported(fmt.Sprintf("the engine at %s speaks API %s, and %s is needed: "+
			"install Docker Engine 20.10 or newer", host, ping.APIVersion, MinimumAPI), nil)
	case ping.OSType != "" && ping.OSType != "linux":
		return unsupported(fmt.Sprintf("the engine at %s runs containers of %s, not of Linux: "+
			"switch it to Linux containers", host, ping.OSType), nil)
	}
	return nil
}

// checkVersion tells whether an API version that the user demands, where there is one, will do. The engine
// would refuse each call with a wrong one.
func checkVersion(host, wanted string, ping types.Ping) error {
	wanted = strings.TrimPrefix(wanted, "v")
	switch {
	case wanted == "":
		return nil
	case !apiVersions().MatchString(wanted):
		return unsupported(fmt.Sprintf("DOCKER_API_VERSION is %q, which is no version such as %s: unset it",
			wanted, MinimumAPI), nil)
	case versions.LessThan(wanted, MinimumAPI):
		return unsupported(fmt.Sprintf("DOCKER_API_VERSION is %s, and testbed needs %s at least: unset it",
			wanted, MinimumAPI), nil)
	case versions.GreaterThan(wanted, ping.APIVersion):
		return unsupported(fmt.Sprintf("DOCKER_API_VERSION is %s, and the engine at %s speaks %s at most: unset it",
			wanted, host, ping.APIVersion), nil)
	}
	return nil
}

var apiVersions = lazy.Regexp(`^[0-9]{1,3}\.[0-9]{1,5}$`)

// unreachable says how to get an answer where a ping got none.
func unreachable(host string, err error) error {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return unsupported(fmt.Sprintf("the engine at %s did not answer within %v: "+
			"look at it with `systemctl status docker`, restart it with `systemctl restart docker`", host, probeTime), err)
	case errors.Is(err, context.Canceled):
		return err
	case errdefs.IsInvalidArgument(err): // it answers, and not this client
		return unsupported(fmt.Sprintf("the engine at %s refuses this client: "+
			"unset DOCKER_API_VERSION, or install another version of the engine", host), err)
	case errors.Is(err, fs.ErrPermission) || strings.Contains(err.Error(), "permission denied"):
		return unsupported(fmt.Sprintf("the engine at %s may not be used by this user: run testbed with sudo", host), err)
	}
	return unsupported(fmt.Sprintf("no Docker engine answers at %s: start it with `systemctl start docker`, "+
		"install it with `apt-get install docker.io`, or set DOCKER_HOST or a Docker context", host), err)
}

func unsupported(reason string, err error) error {
	if err == nil {
		return fmt.Errorf("%s: %w", reason, noderuntime.ErrNotSupported)
	}
	return fmt.Errorf("%s (%w): %w", reason, err, noderuntime.ErrNotSupported)
}

// watch derives a context that ends, with the reason as its cause, when the engine leaves a ping without
// answer for r.patience. It does not end with ctx: a call under way is let finish, for an engine carries
// out what it was asked whether or not the asker still waits.
func (r *Runtime) watch(ctx context.Context, api *client.Client) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	go func() {
		for wait := time.NewTicker(time.Second); ; {
			select {
			case <-ctx.Done():
				wait.Stop()
				return
			case <-wait.C:
			}
			ping, done := context.WithTimeout(ctx, r.patience)
			_, err := api.Ping(ping)
			done()
			if err != nil && ctx.Err() == nil {
				cancel(fmt.Errorf("%w at %s: %w", ErrEngine, api.DaemonHost(), err))
			}
		}
	}()
	return ctx, func() { cancel(nil) }
}

// call makes one call, bounded in time, under a context from watch.
func (r *Runtime) call(ctx context.Context, what string, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, r.longest, fmt.Errorf("%w: no answer in %v", ErrEngine, r.longest))
	defer cancel()
	err := f(ctx)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case client.IsErrConnectionFailed(err):
		err = fmt.Errorf("%w: %w", ErrEngine, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}
