"""Guard-rails of the platform, held against finished services. Imported only where a platform has some."""
