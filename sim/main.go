// Command stackspan-vcsim is a vCenter simulator for tests and the demo.
package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/simulator"
)

type options struct {
	listen, control, dir, cert, key, user, password string
	withParent                                      bool
}

func main() {
	var o options
	flag.StringVar(&o.listen, "listen", "127.0.0.1:0", "address of the API")
	flag.StringVar(&o.control, "control", "127.0.0.1:0", "address of the control endpoint")
	flag.StringVar(&o.dir, "dir", "", "folder of the datastores' files")
	flag.StringVar(&o.cert, "cert", "", "PEM certificate")
	flag.StringVar(&o.key, "key", "", "PEM key")
	flag.StringVar(&o.user, "username", "administrator@vsphere.local", "account")
	flag.StringVar(&o.password, "password", "password", "its password")
	flag.BoolVar(&o.withParent, "exit-with-parent", false, "end when the parent process ends")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "stackspan-vcsim:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	ctx := context.Background()
	m := simulator.VPX()
	m.Datacenter, m.Host, m.Machine = 0, 0, 0
	if err := m.Create(); err != nil {
		return err
	}
	defer m.Remove()
	m.Service.RegisterEndpoints = true
	m.Service.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	if o.cert != "" {
		pair, err := tls.LoadX509KeyPair(o.cert, o.key)
		if err != nil {
			return err
		}
		m.Service.TLS.Certificates = []tls.Certificate{pair}
	}
	m.Service.Listen = &url.URL{Host: o.listen, User: url.UserPassword(o.user, o.password)}
	server := m.Service.NewServer()
	defer server.Close()
	installHooks(m.Map())
	installWatch(m.Map())
	client, err := govmomi.NewClient(ctx, server.URL, true)
	if err != nil {
		return err
	}
	if err := build(ctx, client, m, o.dir); err != nil {
		return err
	}
	if err := client.Logout(ctx); err != nil {
		return err
	}
	host := server.URL.Host
	return announce(ctx, o, m, host)
}

func announce(ctx context.Context, o options, m *simulator.Model, host string) error {
	line, err := json.Marshal(map[string]string{
		"url": "https://" + host + "/sdk", "control": "", "username": o.user, "password": o.password,
		"instance_uuid": m.ServiceContent.About.InstanceUuid,
	})
	if err != nil {
		return err
	}
	fmt.Println(string(line))
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	parent := os.Getppid()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return nil
		case <-tick.C:
			if o.withParent && os.Getppid() != parent {
				return nil
			}
		}
	}
}
