/*
 * Bouncy Castle's EST client as its users would call it, for tests/web/test_est_clients.py:
 *
 *   java EstClient cacerts|csrattrs|enroll|reenroll HOST PORT TRUST.pem [NAME=VALUE]...
 *
 * with the names label, csr (DER file), token (file) and p12 (file; its password is "test"). Prints
 * certificates as base64 DER and attributes as OIDs, a line each.
 */
import java.io.FileInputStream;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.security.KeyStore;
import java.security.Security;
import java.security.cert.CertificateFactory;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import javax.net.ssl.KeyManagerFactory;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.est.CSRAttributesResponse;
import org.bouncycastle.est.ESTAuth;
import org.bouncycastle.est.ESTService;
import org.bouncycastle.est.EnrollmentResponse;
import org.bouncycastle.est.jcajce.JcaJceUtils;
import org.bouncycastle.est.jcajce.JsseDefaultHostnameAuthorizer;
import org.bouncycastle.est.jcajce.JsseESTServiceBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.bouncycastle.util.Store;

public class EstClient {
    static final char[] PASSWORD = "test".toCharArray();

    static ESTService service(String[] args, Map<String, String> more) throws Exception {
        X509Certificate trusted;
        try (FileInputStream file = new FileInputStream(args[3])) {
            trusted = (X509Certificate) CertificateFactory.getInstance("X.509")
                .generateCertificate(file);
        }
        JsseESTServiceBuilder builder = new JsseESTServiceBuilder(
            args[1], Integer.parseInt(args[2]),
            JcaJceUtils.getCertPathTrustManager(
                Collections.singleton(new TrustAnchor(trusted, null)), null));
        builder.withHostNameAuthorizer(
            new JsseDefaultHostnameAuthorizer(Collections.emptySet()));
        builder.withTimeout(20000);
        builder.addCipherSuites(new String[] {
            "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"});
        if (more.containsKey("p12")) {
            KeyStore store = KeyStore.getInstance("PKCS12");
            try (FileInputStream file = new FileInputStream(more.get("p12"))) {
                store.load(file, PASSWORD);
            }
            KeyManagerFactory factory = KeyManagerFactory.getInstance("PKIX");
            factory.init(store, PASSWORD);
            builder.withKeyManagers(factory.getKeyManagers());
        }
        if (more.containsKey("label")) {
            builder.withLabel(more.get("label"));
        }
        return builder.build();
    }

    static void print(Store<X509CertificateHolder> store) throws Exception {
        for (X509CertificateHolder certificate : ESTService.storeToArray(store)) {
            System.out.println(Base64.getEncoder().encodeToString(certificate.getEncoded()));
        }
    }

    static void enroll(ESTService service, boolean again, Map<String, String> more)
        throws Exception {
        byte[] der = Files.readAllBytes(Paths.get(more.get("csr")));
        ESTAuth auth = null;
        if (more.containsKey("token")) {
            String token = Files.readString(Paths.get(more.get("token"))).trim();
            auth = request -> request.setHeader("Authorization", "Bearer " + token);
        }
        EnrollmentResponse answer =
            service.simpleEnroll(again, new PKCS10CertificationRequest(der), auth);
        if (!answer.isCompleted()) {
            throw new IllegalStateException("asked to come again");
        }
        print(answer.getStore());
    }

    public static void main(String[] args) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        Map<String, String> more = new HashMap<>();
        for (int i = 4; i < args.length; i++) {
            String[] pair = args[i].split("=", 2);
            more.put(pair[0], pair[1]);
        }
        ESTService service = service(args, more);
        switch (args[0]) {
        case "cacerts":
            print(service.getCACerts().getCertificateStore());
            break;
        case "csrattrs":
            CSRAttributesResponse attributes =
                service.getCSRAttributes().getAttributesResponse();
            for (Object oid : attributes.getRequirements()) {
                System.out.println(((ASN1ObjectIdentifier) oid).getId());
            }
            break;
        case "enroll":
            enroll(service, false, more);
            break;
        case "reenroll":
            enroll(service, true, more);
            break;
        default:
            throw new IllegalArgumentException(args[0]);
        }
    }
}
