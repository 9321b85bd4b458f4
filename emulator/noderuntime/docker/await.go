package docker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
)

const (
	stalled = 30 * time.Second      // without any node starting or becoming ready, before Start gives up
	tick    = 10 * time.Millisecond // between looks for nodes that became ready
	proof   = time.Second           // that an image's own command must have run for: one that fails does so at once
)

// deaths is the engine's news of containers that ended.
type deaths struct {
	messages <-chan events.Message
	errs     <-chan error
}

// listen asks for the news; it returns before the engine has answered, and what was missed is found by the
// last look at the containers.
func (l *launch) listen() <-chan deaths {
	opened := make(chan deaths, 1)
	go func() {
		messages, errs := l.api.Events(l.calls, events.ListOptions{Filters: filters.NewArgs(
			filters.Arg("type", "container"), filters.Arg("event", "die"), filters.Arg("label", labelLaunch+"="+l.id))})
		opened <- deaths{messages, errs}
	}()
	return opened
}

// await returns when all nodes are ready, or one has ended.
func (l *launch) await(ctx context.Context, opened <-chan deaths, progress func(int)) error {
	waiting, ready := map[int]time.Time{}, 0 // when those were started that are not ready
	var news deaths
	look := time.NewTicker(tick)
	defer look.Stop()
	for last := time.Now(); ready < len(l.specs); {
		before := ready
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-l.calls.Done():
			return context.Cause(l.calls)
		case news = <-opened:
		case m := <-news.messages:
			if err := l.died(m); err != nil {
				return err
			}
		case err := <-news.errs:
			return fmt.Errorf("%w: its news ended: %w", ErrEngine, err)
		case i := <-l.started:
			last = time.Now()
			waiting[i] = last
		case <-look.C:
			ready += l.look(waiting)
		}
		if ready > before {
			last = time.Now()
			if progress != nil {
				progress(ready)
			}
		}
		if time.Since(last) > stalled {
			return fmt.Errorf("nodes %s did not become ready in %v", l.names(waiting), stalled)
		}
	}
	return l.allRun()
}

// look counts the nodes that have become ready and takes them from those waited for.
func (l *launch) look(waiting map[int]time.Time) (ready int) {
	for i, since := range waiting {
		if l.isReady(i, since) {
			delete(waiting, i)
			ready++
		}
	}
	return ready
}

func (l *launch) isReady(i int, since time.Time) bool {
	if len(l.specs[i].Args) == 0 {
		return time.Since(since) > proof
	}
	_, err := os.Lstat(readyFile(l.specs[i]))
	return err == nil
}

func (l *launch) died(m events.Message) error {
	l.mu.Lock()
	i, known := l.containers[m.Actor.ID]
	l.mu.Unlock()
	if !known {
		return nil
	}
	return l.ended(i, m.Actor.ID, "status "+m.Actor.Attributes["exitCode"])
}

// allRun makes sure that no node ended unnoticed.
func (l *launch) allRun() error {
	var found []container.Summary
	err := l.call(l.calls, "looking at the nodes", func(ctx context.Context) (err error) {
		found, err = l.api.ContainerList(ctx, container.ListOptions{All: true, Filters: labelled(labelLaunch + "=" + l.id)})
		return err
	})
	if err != nil {
		return err
	}
	running := 0
	var failed []error
	for _, c := range found {
		i, known := l.containers[c.ID]
		switch {
		case !known: // a stranger's with our label
		case c.State == container.StateRunning:
			running++
		case len(failed) < 3: // they mostly die of the same
			failed = append(failed, l.ended(i, c.ID, c.Status))
		}
	}
	if running < len(l.specs) && len(failed) == 0 {
		return fmt.Errorf("%d of %d nodes were removed while they were started", len(l.specs)-running, len(l.specs))
	}
	return errors.Join(failed...)
}

func (l *launch) names(waiting map[int]time.Time) string {
	var names []string
	for i := range waiting {
		names = append(names, l.specs[i].Node)
	}
	slices.Sort(names)
	if more := len(names) - 5; more > 0 {
		names = append(names[:5], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}
