package docker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

	"testbed/emulator/noderuntime"
)

var _ noderuntime.Companions = (*Runtime)(nil)

// LabelFunction is the name of the user's function that a container beside a node's executes.
const LabelFunction = "testbed.function"

// companionName is the name of a container beside a node's: longer than the node's, which has no double dot.
func companionName(testbed, node, id string) string { return containerName(testbed, node) + ".." + id }

// signedCompanion is what the signature of a container beside a node's is of.
func signedCompanion(testbed, node, run, launch, id string) []string {
	return []string{"function", companionName(testbed, node, id), testbed, node, run, launch}
}

// proveCompanion tells whether a container is one that StartCompanion of whoever knows one of the secrets made.
func (secrets secretsOf) proveCompanion(c container.Summary) bool {
	testbed, node, run, launch := c.Labels[LabelTestbed], c.Labels[LabelNode], c.Labels[LabelRun], c.Labels[labelLaunch]
	if c.Labels[LabelFunction] == "" || checkNames(testbed, node) != nil || len(run) > longestRun {
		return false
	}
	l, err := parseLaunch(launch)
	if err != nil || !l.made(c) || !bears(c, companionName(testbed, node, l.random)) {
		return false
	}
	return slices.ContainsFunc(secrets(testbed, run), func(s noderuntime.Secret) bool {
		return s.Verify(c.Labels[labelProof], signedCompanion(testbed, node, run, launch, l.random)...)
	})
}

// StartCompanion starts a container that shares the node's network namespace: confined like a node, within the node's
// own limits, and never as root.
func (r *Runtime) StartCompanion(
	ctx context.Context, node noderuntime.Node, spec noderuntime.Companion,
) (id string, err error) {
	err = r.with(ctx, func(ctx context.Context, api *client.Client) error {
		id, err = r.companion(ctx, api, node, spec)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("a container beside node %s: %w", node.Node, err)
	}
	return id, nil
}

func (r *Runtime) companion(
	ctx context.Context, api *client.Client, node noderuntime.Node, spec noderuntime.Companion,
) (string, error) {
	i, err := r.userImage(ctx, api, spec.Image, nil)
	if err != nil {
		return "", err
	}
	var beside container.InspectResponse
	err = r.call(ctx, "looking at node "+node.Node, func(ctx context.Context) (err error) {
		beside, err = api.ContainerInspect(ctx, node.Container)
		return err
	})
	switch {
	case err != nil:
		return "", err
	case beside.Config == nil || beside.HostConfig == nil || !isNode(beside.Config.Labels, node) || !beside.State.Running:
		return "", noSuchNode(node)
	}
	run, launch := beside.Config.Labels[LabelRun], newLaunch()
	secrets := r.secrets(node.Testbed, run)
	signer := slices.IndexFunc(secrets, func(s noderuntime.Secret) bool {
		return s.Verify(beside.Config.Labels[labelProof],
			signed(node.Testbed, node.Node, run, beside.Config.Labels[labelLaunch])...)
	})
	if signer < 0 {
		return "", errors.New("its testbed is not of this host: nothing could sign the container")
	}
	config := &container.Config{
		Image: i.name, Env: spec.Env, User: companionUser, Healthcheck: &container.HealthConfig{Test: []string{"NONE"}},
		Labels: map[string]string{LabelTestbed: node.Testbed, LabelNode: node.Node, LabelRun: run,
			labelLaunch: launch.String(), LabelFunction: spec.Name,
			labelProof: secrets[signer].Sign(signedCompanion(node.Testbed, node.Node, run, launch.String(), launch.random)...)},
	}
	host := companionHost(beside.HostConfig, node, spec)
	inMemory(host, i.volumes)
	var id string
	err = r.call(ctx, "creating it", func(ctx context.Context) error {
		made, err := api.ContainerCreate(ctx, config, host, nil, nil,
			companionName(node.Testbed, node.Node, launch.random))
		id = made.ID
		return err
	})
	if err != nil {
		return "", err
	}
	err = r.call(ctx, "starting it", func(ctx context.Context) error {
		return api.ContainerStart(ctx, id, container.StartOptions{})
	})
	if err != nil {
		clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
		defer cancel()
		return "", errors.Join(err, r.StopCompanion(clean, id, true))
	}
	return id, nil
}

// companionUser is nobody's number, whatever user the image has.
const companionUser = "65534:65534"

// companionOOM is the score of a container beside a node: it goes before the node does.
const companionOOM = 900

// companionHost confines a container like the node that it is beside, or more.
func companionHost(node *container.HostConfig, n noderuntime.Node, spec noderuntime.Companion) *container.HostConfig {
	host := confined(noderuntime.Limits{}, Engine{})
	host.NetworkMode = container.NetworkMode("container:" + n.Container)
	host.OomScoreAdj = companionOOM
	host.ShmSize = int64(sharedSize)
	host.Resources = node.Resources
	host.SecurityOpt = slices.Clone(node.SecurityOpt)
	if memory := int64(spec.Memory); memory > 0 && (host.Memory == 0 || memory < host.Memory) {
		host.Memory, host.MemorySwap = memory, memory
	}
	if most := int64(spec.Processes); most > 0 && (host.PidsLimit == nil || most < *host.PidsLimit) {
		host.PidsLimit = &most
	}
	return host
}

// AwaitCompanion waits for the end of a container that StartCompanion made.
func (r *Runtime) AwaitCompanion(ctx context.Context, id string) (how string, err error) {
	api, err := r.connect()
	if err != nil {
		return "", err
	}
	ended, failed := api.ContainerWait(ctx, id, container.WaitConditionNotRunning)
	select {
	case e := <-ended:
		how = fmt.Sprintf("exit status %d", e.StatusCode)
	case err := <-failed:
		if errdefs.IsNotFound(err) {
			return "it was removed", nil
		}
		return "", err
	}
	err = r.with(ctx, func(ctx context.Context, api *client.Client) error {
		found, err := api.ContainerInspect(ctx, id)
		if err != nil {
			return err
		}
		if found.State.OOMKilled {
			how += ", for it used more than its memory"
		}
		// Somebody may be removing it, and then nobody needs to know.
		if said, err := r.tail(ctx, api, id); err == nil && said != "" {
			how += "; the last that it printed: " + strings.ReplaceAll(said, "\n", " | ")
		}
		return nil
	})
	if errdefs.IsNotFound(err) {
		err = nil
	}
	return how, err
}

// StopCompanion removes a container that StartCompanion made.
func (r *Runtime) StopCompanion(ctx context.Context, id string, now bool) error {
	return r.with(ctx, func(ctx context.Context, api *client.Client) error {
		if !now {
			grace := 2                                                       // seconds
			_ = r.call(ctx, "stopping it", func(ctx context.Context) error { // it is removed in any case
				return api.ContainerStop(ctx, id, container.StopOptions{Timeout: &grace})
			})
		}
		err := r.call(ctx, "removing it", func(ctx context.Context) error {
			return api.ContainerRemove(ctx, id, container.RemoveOptions{Force: true, RemoveVolumes: true})
		})
		if errdefs.IsNotFound(err) || errdefs.IsConflict(err) { // gone, or somebody else removes it
			return nil
		}
		return err
	})
}

// with connects to the engine and watches over it meanwhile.
func (r *Runtime) with(ctx context.Context, do func(context.Context, *client.Client) error) error {
	api, err := r.connect()
	if err != nil {
		return err
	}
	watched, stop := r.watch(ctx, api)
	defer stop()
	return do(watched, api)
}
