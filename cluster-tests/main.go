// Command cluster is a Kubernetes control plane in one binary: etcd, the API server, the controllers and kubectl.
//
// Admission is decided by the API server, and pods are made by controllers: no node is needed to test a policy.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"

	"pod-security-policy/cluster-tests/plane"
)

const usage = `usage: cluster up [--folder FOLDER]
       cluster etcd|kube-apiserver|kube-controller-manager|kubectl [ARGUMENT...]

up starts a control plane on loopback, prints the path of its kubeconfig, and stops it at SIGINT or SIGTERM.`

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
	name := os.Args[1]
	// Each of them reads its own command line.
	os.Args = append([]string{name}, os.Args[2:]...)
	switch name {
	case plane.Etcd:
		etcdmain.Main(os.Args)
	case plane.APIServer:
		os.Exit(cli.Run(apiserver.NewAPIServerCommand()))
	case plane.Controllers:
		os.Exit(cli.Run(controllers.NewControllerManagerCommand()))
	case plane.Kubectl:
		os.Exit(cli.Run(kubectl.NewDefaultKubectlCommand()))
	case "up":
		if err := up(); err != nil {
			fmt.Fprintln(os.Stderr, "cluster:", err)
			os.Exit(1)
		}
	default:
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
}

func up() error {
	flags := flag.NewFlagSet("up", flag.ExitOnError)
	folder := flags.String("folder", filepath.Join(os.TempDir(), "pod-security-policy-cluster"), "where certificates, data and logs go; what is there is removed")
	if err := flags.Parse(os.Args[1:]); err != nil {
		return err
	}
	if err := os.RemoveAll(*folder); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	cluster, err := plane.Start(ctx, self, *folder)
	if err != nil {
		return err
	}
	defer cluster.Stop()
	fmt.Println(cluster.Kubeconfig)
	<-ctx.Done()
	return nil
}
