// Package keep holds go.mod's lines until the packages that need them are there.
package keep

import (
	_ "github.com/docker/docker/api/types/container"
	_ "github.com/docker/docker/client"
	_ "github.com/influxdata/influxdb-client-go/v2"
)
