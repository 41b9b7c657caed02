import java.net.URI;

/** Java's client, its proxy and its trust from system properties: URL. */
public class Fetch {
    public static void main(String[] arguments) throws Exception {
        try (var answer = URI.create(arguments[0]).toURL().openStream()) {
            System.out.println(new String(answer.readAllBytes()));
        }
    }
}
