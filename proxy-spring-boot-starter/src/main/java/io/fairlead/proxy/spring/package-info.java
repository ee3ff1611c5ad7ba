/** Spring Boot auto-configuration: properties mapped onto the API. */
@NullMarked
package io.fairlead.proxy.spring;

import org.jspecify.annotations.NullMarked;
