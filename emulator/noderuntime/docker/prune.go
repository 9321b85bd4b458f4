package docker

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	apiimage "github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"

	"testbed/emulator/noderuntime"
)

// Prune removes the node images that this host's testbed made, as their signatures prove, and that no
// container uses, and returns their names; and the names in the same repository of what it left alone as
// nothing proves it to be testbed's. A testbed that comes up at the same time makes its image again.
func (r *Runtime) Prune(ctx context.Context) (removed, left []string, err error) {
	api, err := r.connect()
	if err != nil {
		return nil, nil, err
	}
	watched, stop := r.watch(ctx, api)
	defer stop()
	images, used, err := r.images(watched, api)
	failed := []error{err}
	for _, i := range images {
		for _, tag := range i.RepoTags {
			gone, ours, err := r.pruneOne(watched, api, i.ID, tag, used[i.ID] || used[tag])
			switch {
			case gone:
				removed = append(removed, tag)
			case !ours && err == nil:
				left = append(left, tag)
			}
			failed = append(failed, err)
		}
	}
	return removed, left, errors.Join(failed...)
}

// images lists what is in the node images' repository, and by ID and name what containers use.
func (r *Runtime) images(ctx context.Context, api *client.Client) ([]apiimage.Summary, map[string]bool, error) {
	var images []apiimage.Summary
	var containers []container.Summary
	err := r.call(ctx, "listing the node images", func(ctx context.Context) (err error) {
		images, err = api.ImageList(ctx, apiimage.ListOptions{Filters: filters.NewArgs(filters.Arg("reference", Repository))})
		if err == nil {
			containers, err = api.ContainerList(ctx, container.ListOptions{All: true})
		}
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	used := map[string]bool{}
	for _, c := range containers {
		used[c.ImageID], used[c.Image] = true, true
	}
	return images, used, nil
}

// pruneOne removes an image's name, and the image with its last one, where it is a node image under its own
// name that is not used.
func (r *Runtime) pruneOne(
	ctx context.Context, api *client.Client, id, tag string, used bool,
) (gone, ours bool, _ error) {
	err := r.call(ctx, "removing the image "+tag, func(ctx context.Context) error {
		found, err := api.ImageInspect(ctx, tag)
		if err != nil {
			return err
		}
		if ours = found.ID == id && madeImage(found, tag, r.key()); !ours || used {
			return nil
		}
		_, err = api.ImageRemove(ctx, tag, apiimage.RemoveOptions{})
		gone = err == nil
		return err
	})
	if errdefs.IsNotFound(err) || errdefs.IsConflict(err) { // another was faster, or a node uses it by now
		return false, true, nil
	}
	return gone, ours, err
}

// madeImage tells whether an image is what describeImage makes with the key, under the name that it gives it.
// What somebody made of a node image, by adding to it or by naming it, is not.
func madeImage(i apiimage.InspectResponse, tag string, key noderuntime.Secret) bool {
	if i.Config == nil || len(i.RootFS.Layers) != 1 || len(i.RootFS.Layers[0]) != len("sha256:")+64 {
		return false
	}
	signature := i.Config.Labels[labelImage]
	if !key.Verify(signature, signedImage(i.RootFS.Layers[0][len("sha256:"):])...) || tag != tagOf(signature) {
		return false
	}
	return pristine(i)
}

// pristine tells whether an image is as imageConfig describes it, but for its layer and the signature's value.
func pristine(i apiimage.InspectResponse) bool {
	made, err := time.Parse(time.RFC3339Nano, i.Created)
	c := i.Config
	for label := range c.Labels {
		if label != labelImage {
			return false
		}
	}
	return err == nil && made.Unix() == 0 && slices.Equal(c.Entrypoint, []string{binaryInside}) &&
		len(c.Cmd) == 0 && len(c.Env) == 0 && c.User == "" && len(c.Volumes) == 0 && len(c.ExposedPorts) == 0 &&
		c.StopSignal == "" && (c.WorkingDir == "" || c.WorkingDir == "/")
}
