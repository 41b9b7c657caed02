import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

/** Java's clients, their proxy and their trust from system properties: URL [http2]. */
public class Fetch {
    public static void main(String[] arguments) throws Exception {
        var address = URI.create(arguments[0]);
        if (arguments.length > 1) {
            // It offers HTTP/2 unless told otherwise, and takes a proxy only if told so.
            var client = HttpClient.newBuilder().proxy(ProxySelector.getDefault()).build();
            var asked = HttpRequest.newBuilder(address).build();
            System.out.println(client.send(asked, HttpResponse.BodyHandlers.ofString()).body());
        } else {
            try (var answer = address.toURL().openStream()) {
                System.out.println(new String(answer.readAllBytes()));
            }
        }
    }
}
