"""HTTP for all services: routes as data, thin handlers, one pipeline.

uvicorn → app.HttpApp → routing.Router → authenticate → microversion → handler (thread) → Response
                                         └── any StackspanError → errors.status_of → the service's envelope
"""
