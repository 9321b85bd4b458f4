package faas

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"
)

// filesLooked is how often a server's files are looked at.
const filesLooked = 2 * time.Second

// watchFiles ends the node where its server's files grow beyond all that its states can need, as when a log cannot be
// written anew and further ones are begun: a disk that is full would harm more than this testbed.
func (s *redisServer) watchFiles(ctx context.Context, failed chan<- error) {
	tick := time.NewTicker(filesLooked)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.ended:
			return
		case <-tick.C:
		}
		if size, most := sizeOf(s.config.Dir), s.config.largestDir(); size > most {
			select {
			case failed <- fmt.Errorf("the Redis server has written %d bytes to %s, where it may have %d",
				size, s.config.Dir, most):
			default:
			}
			return
		}
	}
}

// sizeOf is how many bytes the files of a directory have, as far as they can be looked at.
func sizeOf(dir string) (bytes int64) {
	_ = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return nil // gone meanwhile: files come and go
		}
		if info, err := entry.Info(); err == nil {
			bytes += info.Size()
		}
		return nil
	})
	return bytes
}
