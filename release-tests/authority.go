// Package releases does what can only be done with a release: it publishes one to a registry of its own. A certificate
// authority and a log of its own take the place of Sigstore, and what the documents say about verifying is run against them.
package releases

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/url"
	"strings"
	"time"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	protorekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"github.com/sigstore/rekor/pkg/util"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore/pkg/signature"
	"google.golang.org/protobuf/encoding/protojson"
)

// Where Fulcio's certificates name who vouches for an identity, and the repository of a workflow.
var (
	issuerExtension     = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, 1}
	repositoryExtension = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, 5}
)

// authority takes the place of Fulcio, which gives certificates to identities, and of Rekor, which records signatures.
type authority struct {
	root, intermediate      *x509.Certificate
	intermediateKey, logKey *ecdsa.PrivateKey
}

// signed is a signature with what proves whose it is.
type signed struct {
	signature []byte
	leaf      *x509.Certificate
	digest    [sha256.Size]byte
	// body is the entry in the log, promise the log's signature of it.
	body, promise []byte
	at            time.Time
}

func newAuthority() (*authority, error) {
	rootKey, err := newKey()
	if err != nil {
		return nil, err
	}
	root, err := certificate("root", rootKey, nil, nil)
	if err != nil {
		return nil, err
	}
	intermediateKey, err := newKey()
	if err != nil {
		return nil, err
	}
	intermediate, err := certificate("intermediate", intermediateKey, root, rootKey)
	if err != nil {
		return nil, err
	}
	logKey, err := newKey()
	return &authority{root, intermediate, intermediateKey, logKey}, err
}

// sign signs a text as an identity that an issuer vouches for, and records it.
func (a *authority) sign(identity, issuer string, text []byte) (*signed, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	leaf, err := a.certify(identity, issuer, key)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(text)
	made, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		return nil, err
	}
	s := &signed{signature: made, leaf: leaf, digest: digest, at: leaf.NotBefore.Add(time.Minute)}
	return s, a.record(s)
}

// certify makes the certificate of an identity, which is valid for ten minutes.
func (a *authority) certify(identity, issuer string, key *ecdsa.PrivateKey) (*x509.Certificate, error) {
	uri, err := url.Parse(identity)
	if err != nil {
		return nil, err
	}
	repository, _, _ := strings.Cut(strings.TrimPrefix(uri.Path, "/"), "/.github/")
	start := time.Now().Add(-5 * time.Minute)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(3),
		URIs:         []*url.URL{uri},
		NotBefore:    start,
		NotAfter:     start.Add(10 * time.Minute),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
		ExtraExtensions: []pkix.Extension{
			{Id: issuerExtension, Value: []byte(issuer)},
			{Id: repositoryExtension, Value: []byte(repository)},
		},
	}
	return created(template, a.intermediate, &key.PublicKey, a.intermediateKey)
}

// record writes the entry of a signature, as Rekor's hashedrekord, and promises to keep it. Go sorts the keys of maps, as
// canonical JSON demands.
func (a *authority) record(s *signed) error {
	body, err := json.Marshal(map[string]any{
		"apiVersion": "0.0.1",
		"kind":       "hashedrekord",
		"spec": map[string]any{
			"data": map[string]any{"hash": map[string]any{
				"algorithm": "sha256", "value": hex.EncodeToString(s.digest[:]),
			}},
			"signature": map[string]any{
				"content": s.signature, "publicKey": map[string]any{"content": encoded(s.leaf)},
			},
		},
	})
	if err != nil {
		return err
	}
	id, err := a.logID()
	if err != nil {
		return err
	}
	entry, err := json.Marshal(map[string]any{
		"body": body, "integratedTime": s.at.Unix(), "logID": hex.EncodeToString(id), "logIndex": 0,
	})
	if err != nil {
		return err
	}
	digest := sha256.Sum256(entry)
	s.body = body
	s.promise, err = ecdsa.SignASN1(rand.Reader, a.logKey, digest[:])
	return err
}

// bundle is what `cosign sign-blob --bundle` writes.
func (a *authority) bundle(s *signed) ([]byte, error) {
	id, err := a.logID()
	if err != nil {
		return nil, err
	}
	// The log has this entry alone: its hash is that of the tree.
	hash := sha256.Sum256(append([]byte{0}, s.body...))
	signer, err := signature.LoadECDSASignerVerifier(a.logKey, crypto.SHA256)
	if err != nil {
		return nil, err
	}
	checkpoint, err := util.CreateAndSignCheckpoint(context.Background(), "rekor.localhost", 1, 1, hash[:], signer)
	if err != nil {
		return nil, err
	}
	return protojson.Marshal(&protobundle.Bundle{
		MediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
		VerificationMaterial: &protobundle.VerificationMaterial{
			Content: &protobundle.VerificationMaterial_Certificate{
				Certificate: &protocommon.X509Certificate{RawBytes: s.leaf.Raw},
			},
			TlogEntries: []*protorekor.TransparencyLogEntry{{
				LogId:             &protocommon.LogId{KeyId: id},
				KindVersion:       &protorekor.KindVersion{Kind: "hashedrekord", Version: "0.0.1"},
				IntegratedTime:    s.at.Unix(),
				InclusionPromise:  &protorekor.InclusionPromise{SignedEntryTimestamp: s.promise},
				CanonicalizedBody: s.body,
				InclusionProof: &protorekor.InclusionProof{
					RootHash: hash[:], TreeSize: 1, Checkpoint: &protorekor.Checkpoint{Envelope: string(checkpoint)},
				},
			}},
		},
		Content: &protobundle.Bundle_MessageSignature{MessageSignature: &protocommon.MessageSignature{
			MessageDigest: &protocommon.HashOutput{Algorithm: protocommon.HashAlgorithm_SHA2_256, Digest: s.digest[:]},
			Signature:     s.signature,
		}},
	})
}

// trustedRoot is what clients trust, in place of Sigstore's own.
func (a *authority) trustedRoot() ([]byte, error) {
	id, err := a.logID()
	if err != nil {
		return nil, err
	}
	start, end := a.root.NotBefore, a.root.NotAfter
	trusted, err := root.NewTrustedRoot(
		root.TrustedRootMediaType01,
		[]root.CertificateAuthority{&root.FulcioCertificateAuthority{
			Root: a.root, Intermediates: []*x509.Certificate{a.intermediate},
			URI: "https://fulcio.localhost", ValidityPeriodStart: start, ValidityPeriodEnd: end,
		}},
		nil, nil,
		map[string]*root.TransparencyLog{hex.EncodeToString(id): {
			BaseURL: "https://rekor.localhost", ID: id, PublicKey: a.logKey.Public(),
			HashFunc: crypto.SHA256, SignatureHashFunc: crypto.SHA256,
			ValidityPeriodStart: start, ValidityPeriodEnd: end,
		}},
	)
	if err != nil {
		return nil, err
	}
	return trusted.MarshalJSON()
}

// logID is the digest of the log's key.
func (a *authority) logID() ([]byte, error) {
	key, err := x509.MarshalPKIXPublicKey(a.logKey.Public())
	digest := sha256.Sum256(key)
	return digest[:], err
}

// certificate makes one that signs others; without a parent by itself.
func certificate(
	name string, key *ecdsa.PrivateKey, parent *x509.Certificate, parentKey *ecdsa.PrivateKey,
) (*x509.Certificate, error) {
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: name, Organization: []string{"localhost"}},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	if parent == nil {
		template.ExtKeyUsage = nil
		return created(template, template, &key.PublicKey, key)
	}
	return created(template, parent, &key.PublicKey, parentKey)
}

func created(
	template, parent *x509.Certificate, key *ecdsa.PublicKey, parentKey *ecdsa.PrivateKey,
) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key, parentKey)
	if err != nil {
		return nil, fmt.Errorf("creating a certificate: %w", err)
	}
	return x509.ParseCertificate(der)
}

func newKey() (*ecdsa.PrivateKey, error) {
	return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
}

func encoded(certificate *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})
}

func inBase64(bytes []byte) string {
	return base64.StdEncoding.EncodeToString(bytes)
}
