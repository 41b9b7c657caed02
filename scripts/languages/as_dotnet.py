            # The .NET library qualifies actions and adds `$id`. Preserving references, it wraps arrays too.
            PRESERVES_REFERENCES = False
            before, _, action = request["url"].rpartition("/")
            if request["method"] == "POST" and action != "calls":
                request["url"] = f"{before}/microsoft.graph.{action}"
            request["headers"]["Scenario-Id"] = "4b0f6b0e-3c1c-4b8e-9d53-7a2a0f0d6c11"
            if request["body"]:
                request["headers"]["Content-Type"] = "application/json; charset=utf-8"
                if PRESERVES_REFERENCES:
                    for name, value in request["body"].items():
                        if isinstance(value, list):
                            request["body"][name] = {"$id": "2", "$values": value}
                request["body"] = {"$id": "1", **request["body"]}
