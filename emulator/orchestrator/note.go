package orchestrator

import (
	"context"
	"os"
	"path/filepath"
	"time"
)

// Note lets the run that is under way on the testbed, if there is one, know that somebody puts a load on it. The
// network stays as it is.
func (b *Bed) Note(ctx context.Context, origin string, load Load, what string) error {
	if _, running := b.store.underWay(b.Journal.Testbed); !running {
		return nil
	}
	return b.locked(ctx, func() error {
		now, err := b.store.readSnapshot(b.Journal.Testbed, networkFile)
		if err != nil {
			return err
		}
		next := now.next(now.network, Change{Time: time.Now().UTC(), Origin: origin, Load: load, What: []string{what}})
		if err := b.store.writeSnapshot(stagedFile, next); err != nil {
			return err
		}
		return os.Rename(filepath.Join(b.dir(), stagedFile), filepath.Join(b.dir(), networkFile))
	})
}
