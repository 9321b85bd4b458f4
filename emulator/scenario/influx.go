package scenario

import "net/url"

// Influx is an InfluxDB that receives what is measured, besides the run's own files. Empty members come
// from the environment, which is not looked at here. The token is never part of a scenario.
type Influx struct {
	URL      string   `yaml:"url,quiet" doc:"Address of the server, such as http://localhost:8086, without a user or a token. Default: the variable INFLUX_URL."`
	Org      string   `yaml:"org" doc:"Organisation. Default: the variable INFLUX_ORG."`
	Bucket   string   `yaml:"bucket" doc:"Bucket, or with InfluxDB 1.8 database/policy. Default: the variable INFLUX_BUCKET."`
	Token    struct{} `yaml:"token,never" doc:"remove it: tokens do not belong in files; set the variable INFLUX_TOKEN"`
	Password struct{} `yaml:"password,never" doc:"remove it: secrets do not belong in files; set the variable INFLUX_TOKEN (with InfluxDB 1.8 to user:password)"`
	TokenEnv string   `yaml:"token-env,quiet" default:"INFLUX_TOKEN" pattern:"^[A-Z][A-Z0-9_]{0,62}$" doc:"Name of the environment variable that holds the token, in capitals; not the token itself."`
	Required bool     `yaml:"required" default:"false" doc:"Whether a server that does not answer at the start is an error."`
}

// checkInflux refuses secrets in the address. What is wrong is said without repeating it.
func (d *decoder) checkInflux(x *Influx) {
	const path = "influx.url"
	if x == nil || x.URL == "" || d.failed(path) {
		return
	}
	u, err := url.Parse(x.URL)
	switch {
	case err == nil && u.User != nil:
		d.failAt(path, "remove it: secrets do not belong in files; set the variable INFLUX_TOKEN", "the address holds a user or a password")
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Opaque != "":
		d.failAt(path, "write an address such as http://localhost:8086", "this is not the address of a server")
	case u.RawQuery != "" || u.Fragment != "":
		d.failAt(path, "remove what follows the path; a token comes from the variable INFLUX_TOKEN", "the address holds a query")
	}
}
