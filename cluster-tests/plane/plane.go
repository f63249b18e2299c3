// Package plane starts a Kubernetes control plane on loopback, without root and without nodes.
package plane

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// The programs in the binary.
const (
	Etcd        = "etcd"
	APIServer   = "kube-apiserver"
	Controllers = "kube-controller-manager"
	Kubectl     = "kubectl"
)

// startup bounds how long a program may take until it is ready, on a machine that is busy.
const startup = 5 * time.Minute

// Plane is a control plane that runs.
type Plane struct {
	// Kubeconfig is the path of the administrator's kubeconfig.
	Kubeconfig string
	// Admin is the administrator's configuration of clients.
	Admin *rest.Config
	// Authority signs certificates that the control plane trusts.
	Authority *Authority

	binary, apiServer, folder, etcd string
	processes                       []*Process
}

// Start starts etcd, an API server and the controllers, and waits until they are ready.
func Start(ctx context.Context, binary, folder string) (*Plane, error) {
	return start(ctx, &Plane{binary: binary, apiServer: binary, folder: folder}, (*Plane).startControllers)
}

// StartOlder starts etcd and an API server of another binary. Controllers are left out: these would be too new for it.
func StartOlder(ctx context.Context, binary, apiServer, folder string) (*Plane, error) {
	return start(ctx, &Plane{binary: binary, apiServer: apiServer, folder: folder})
}

func start(ctx context.Context, plane *Plane, more ...func(*Plane, context.Context) error) (*Plane, error) {
	if err := os.MkdirAll(plane.folder, 0o700); err != nil {
		return nil, err
	}
	authority, err := NewAuthority()
	if err != nil {
		return nil, err
	}
	plane.Authority = authority
	for _, step := range append([]func(*Plane, context.Context) error{(*Plane).start}, more...) {
		if err := step(plane, ctx); err != nil {
			plane.Stop()
			return nil, err
		}
	}
	return plane, nil
}

func (p *Plane) start(ctx context.Context) error {
	if err := p.writeKeys(); err != nil {
		return err
	}
	ports, err := FreePorts(3)
	if err != nil {
		return err
	}
	p.etcd = fmt.Sprintf("http://127.0.0.1:%d", ports[0])
	peers := fmt.Sprintf("http://127.0.0.1:%d", ports[1])
	// What is lost in a crash of the machine is lost with the tests.
	if err := p.run(Etcd, Etcd, "--data-dir", p.file("etcd"), "--unsafe-no-fsync", "--log-level", "error",
		"--listen-client-urls", p.etcd, "--advertise-client-urls", p.etcd,
		"--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers, "--initial-cluster", "default="+peers,
	); err != nil {
		return err
	}
	if p.Admin, err = p.startAPIServer(ctx, APIServer, ports[2]); err != nil {
		return err
	}
	p.Kubeconfig = p.file("admin.kubeconfig")
	return WriteKubeconfig(p.Kubeconfig, p.Admin)
}

func (p *Plane) startControllers(ctx context.Context) error {
	controllers, err := p.config(p.Admin.Host, "system:kube-controller-manager")
	if err != nil {
		return err
	}
	if err := WriteKubeconfig(p.file("controllers.kubeconfig"), controllers); err != nil {
		return err
	}
	// Each controller has an account of its own, as on clusters: policies are granted to these accounts.
	if err := p.run(Controllers, Controllers, "--kubeconfig", p.file("controllers.kubeconfig"), "--use-service-account-credentials",
		"--service-account-private-key-file", p.file("accounts.key"), "--root-ca-file", p.file("ca.crt"),
		"--leader-elect=false", "--secure-port=0", "--concurrent-job-syncs=2",
		// No kubelet says that its node is alive, and DaemonSets make no pods for nodes that are given up.
		"--node-startup-grace-period=2h", "--node-monitor-grace-period=2h",
	); err != nil {
		return err
	}
	return p.awaitAccounts(ctx)
}

func (p *Plane) writeKeys() error {
	private, public, err := accountKey()
	if err != nil {
		return err
	}
	server, key, err := p.Authority.Issue("kube-apiserver")
	if err != nil {
		return err
	}
	return write(p.folder, map[string][]byte{
		"ca.crt": p.Authority.PEM, "server.crt": server, "server.key": key, "accounts.key": private, "accounts.pub": public,
	})
}

// StartAPIServer starts one more API server on the same etcd, with more options, and returns the administrator's configuration
// for it.
func (p *Plane) StartAPIServer(ctx context.Context, name string, options ...string) (*rest.Config, error) {
	ports, err := FreePorts(1)
	if err != nil {
		return nil, err
	}
	return p.startAPIServer(ctx, name, ports[0], options...)
}

func (p *Plane) startAPIServer(ctx context.Context, name string, port int, options ...string) (*rest.Config, error) {
	arguments := append([]string{APIServer, "--etcd-servers", p.etcd, "--bind-address", "127.0.0.1", "--secure-port", fmt.Sprint(port),
		"--tls-cert-file", p.file("server.crt"), "--tls-private-key-file", p.file("server.key"), "--client-ca-file", p.file("ca.crt"),
		"--service-account-issuer", "https://kubernetes.default.svc", "--service-account-key-file", p.file("accounts.pub"),
		"--service-account-signing-key-file", p.file("accounts.key"), "--service-cluster-ip-range", "10.0.0.0/24",
		"--authorization-mode", "Node,RBAC", "--allow-privileged", "--endpoint-reconciler-type", "none",
	}, options...)
	if err := p.runOf(p.apiServer, name, arguments...); err != nil {
		return nil, err
	}
	config, err := p.config(fmt.Sprintf("https://127.0.0.1:%d", port), "admin", "system:masters")
	if err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return config, p.await(ctx, name, func(ctx context.Context) error {
		return client.RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
	})
}

// config is a client's configuration for a user with groups.
func (p *Plane) config(host, user string, groups ...string) (*rest.Config, error) {
	certificate, key, err := p.Authority.Issue(user, groups...)
	if err != nil {
		return nil, err
	}
	return &rest.Config{
		Host:            host,
		TLSClientConfig: rest.TLSClientConfig{CAData: p.Authority.PEM, CertData: certificate, KeyData: key},
		// The limits of clients are not what is measured.
		QPS: -1,
	}, nil
}

// awaitAccounts waits for the account that pods of a namespace run as: the controllers are at work then.
func (p *Plane) awaitAccounts(ctx context.Context) error {
	client, err := kubernetes.NewForConfig(p.Admin)
	if err != nil {
		return err
	}
	return p.await(ctx, Controllers, func(ctx context.Context) error {
		return client.CoreV1().RESTClient().Get().AbsPath("/api/v1/namespaces/default/serviceaccounts/default").Do(ctx).Error()
	})
}

// await polls until a program is ready, or has ended.
func (p *Plane) await(ctx context.Context, name string, ready func(context.Context) error) error {
	var last error
	err := wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, startup, true, func(ctx context.Context) (bool, error) {
		for _, process := range p.processes {
			if process.Ended() {
				return false, fmt.Errorf("%s has ended: see %s", process.Name, process.Log)
			}
		}
		last = ready(ctx)
		return last == nil, nil
	})
	if err != nil {
		return fmt.Errorf("%s is not ready: %w (%v)", name, err, last)
	}
	return nil
}

func (p *Plane) run(name string, arguments ...string) error {
	return p.runOf(p.binary, name, arguments...)
}

func (p *Plane) runOf(binary, name string, arguments ...string) error {
	process, err := Run(name, p.folder, nil, append([]string{binary}, arguments...)...)
	if err == nil {
		p.processes = append(p.processes, process)
	}
	return err
}

// Stop stops all programs, the last one first.
func (p *Plane) Stop() {
	for last := len(p.processes) - 1; last >= 0; last-- {
		p.processes[last].Kill()
	}
	p.processes = nil
}

func (p *Plane) file(name string) string {
	return filepath.Join(p.folder, name)
}

// WriteKubeconfig writes a configuration as kubectl reads it.
func WriteKubeconfig(path string, config *rest.Config) error {
	const name = "cluster-tests"
	kubeconfig := clientcmdapi.NewConfig()
	kubeconfig.Clusters[name] = &clientcmdapi.Cluster{Server: config.Host, CertificateAuthorityData: config.CAData}
	kubeconfig.AuthInfos[name] = &clientcmdapi.AuthInfo{ClientCertificateData: config.CertData, ClientKeyData: config.KeyData}
	kubeconfig.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name}
	kubeconfig.CurrentContext = name
	return clientcmd.WriteToFile(*kubeconfig, path)
}

// FreePorts finds ports of loopback that no program listens on.
func FreePorts(count int) ([]int, error) {
	ports := make([]int, 0, count)
	for range count {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		// All are held until the last is found, so that none is found twice.
		defer listener.Close()
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}
